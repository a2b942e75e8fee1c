/* The loop: poll, write, acknowledge, in that order. A crash repeats a batch and never loses one; offsets stored
 * with the rows make the repeat change nothing.
 *
 * Records gather in one batch per partition until the batch is full or old enough, or until all open batches
 * together are too large. Then a worker commits the batch as one transaction, and the loop continues with the next
 * records. Several workers commit batches of several partitions at once; a partition has one batch in flight at a
 * time, so its batches are committed in order. When a full batch can't be dispatched yet, or all open batches
 * together are too large, the loop does not poll until a batch completes: the buffered records are bounded.
 *
 * The parts, each with what it decides:
 *
 *     PartitionBuffers     which batch is due
 *     Dispatcher           batches to workers and back; how long the database may make us wait
 *     DatabaseHealth       when a sick database is tried again, and when Kafka is paused meanwhile
 *     FailingBatches       the same batch fails again and again: it is set aside and tried shorter
 *     Claims               claims, gaps, a database that went back in time
 *     GroupMembership      joining the group, and which members it waits for
 *     Progress             how far behind each partition is
 *
 * And what may happen to all of them:
 *
 *     revoked       wait for what is in flight and write what is buffered, once and within a budget, then drop the
 *                   rest; when the partitions are lost already, drop everything
 *     fenced        another ingestor has claimed the partition: drop the batch, join the group again
 *     stop          write what is buffered, within a budget, and leave the group
 *     refused       the database answered, and waiting won't change the answer (a missing grant): end with a fault
 *
 * Dropping never loses a record: what the database has not stored is read again by the next owner of the partition. */
#pragma once

#include "../runtime/exit.hpp"
#include "../runtime/observe.hpp"
#include "clock.hpp"
#include "consumer.hpp"
#include "run_options.hpp"
#include "writer_workers.hpp"

#include <stop_token>

namespace analytics::ingestor {

/** Runs until a stop is requested (stopped), something happens that waiting won't change (fault), or the group turns
 * out to belong to another store (settings). Closes the consumer in each case. */
[[nodiscard]] runtime::ExitCode run(Consumer &consumer, WriterWorkers &workers, Clock &clock,
                                    const std::stop_token &stop, runtime::Observer &observe, const RunOptions &options);

} // namespace analytics::ingestor
