/* The loop: poll, write, acknowledge, in that order. A crash repeats a batch and never loses one; offsets stored with
 * the rows make the repeat change nothing.
 *
 * Records gather in one batch per partition until the batch is full or old enough, or until all open batches together
 * hold too much; then the batch is one transaction, on a lane, and the loop goes on with what comes next. Several lanes
 * carry batches of several partitions at once; of one partition one batch is under way at a time, so its batches are
 * committed in order. When a batch is full that can't depart yet, or all of them hold too much, nobody polls until
 * something arrives: what is in hand is bounded. What else may happen, and what is done:
 *
 *     assigned     claim each partition in the database, read on from the offset that the database tells
 *     revoked      await what is under way and write what is in hand, once and within a budget, and give it up; when
 *                  already lost, just drop it
 *     fenced       somebody else has claimed the partition: drop the batch, join the group anew
 *     database     sick (transient): keep what is in hand, try again with growing pauses; after a while hold Kafka, but
 *                  keep polling, so that the group still counts on us. Otherwise (a missing grant): stop with a fault
 *     failing      the same batch fails again and again, while the database is there: it is set aside and tried shorter,
 *                  down to one record, so that no other partition waits for it; batches grow again with what is stored
 *     broken       a partition whose next record is gone from Kafka, or unreadable, stops; the others go on, and so does it
 *                  once the operator has accepted the gap in the database
 *     stop asked   write what is in hand, within a budget, leave the group
 *
 * Dropping never loses a record: what the database has not stored is read again by whoever claims next. */
#pragma once

#include "../runtime/exit.hpp"
#include "../runtime/observe.hpp"
#include "batch.hpp"
#include "lanes.hpp"
#include "ports.hpp"

#include <stop_token>

namespace analytics::ingestor {

enum class FirstStart : std::uint8_t { earliest, latest };

struct RunOptions {
    BatchLimits limits;
    std::string group;         // Kafka's name for us, told to the operator
    bool adopts_group = false; // although it belongs to another store
    FirstStart first_start = FirstStart::earliest;
    std::uint64_t seed = 0; // of the pauses' jitter

    /* Tries follow each other from 100 ms up to 5 s: quick enough that nobody waits for us after a restart, rare
     * enough that a server that comes back is not met by a crowd. */
    Milliseconds first_pause{100};
    Milliseconds longest_pause{5'000};
    /* A batch that fails so often in a row, though the database takes connections, is set aside and tried shorter: often
     * enough that a deadlock or a time-out does not cause it, since what was fetched behind it is then fetched again. */
    std::size_t tries_before_shorter = 3;
    /* Holding Kafka throws away what is fetched already, so a hiccup must not cause it; until then nobody polls, which
     * the group allows for max.poll.interval.ms (5 minutes, 6 s at the least), and waits for when it shares out anew. A
     * database that answers, only slowly, must not be met by it at every batch. */
    Milliseconds hold_sick_after{2'000};
    Milliseconds hold_slow_after{5'000};
    /* The open batches of all partitions, together: this many full ones. Memory stays bounded whatever the number of
     * partitions. What is under way comes on top: a full one a lane. */
    std::size_t open_batches = 2;
    /* What a database that does not answer may cost others: a stop, which has to leave the group too within 10 s, and
     * the group, all of which waits for a member that gives partitions back. */
    Milliseconds stop_budget{4'000};
    Milliseconds hand_over_budget{10'000};
};

/** Runs until a stop is asked for (stopped), something won't mend (fault), or the group is another store's (settings). Closes the consumer in either case. */
[[nodiscard]] runtime::ExitCode run(Consumer &consumer, Lanes &lanes, Clock &clock, const std::stop_token &stop,
                                    runtime::Observer &observe, const RunOptions &options);

} // namespace analytics::ingestor
