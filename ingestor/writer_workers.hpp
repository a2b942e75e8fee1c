/* Batches on their way into the database while the loop continues: the interface between the loop and its writers.
 * WriterThreads implements it; tests use a fake.
 *
 * Words. Worker: a connection to the database that commits one batch at a time. In flight: submitted, and not
 * completed.
 *
 * Any worker may commit any partition's batch. The loop keeps the order within a partition: it submits no batch
 * while another batch of that partition is in flight. */
#pragma once

#include "batch.hpp"
#include "writer.hpp"

namespace analytics::ingestor {

struct InFlightBatch {
    Partition partition;
    Claim claim; // as it was when the batch was submitted
    Batch batch;
    std::optional<std::int64_t> high_watermark;
    Time submitted_at{};
};

struct Completion {
    InFlightBatch submitted;
    Receipt receipt;
    Time::duration duration{}; // of the database's work
};

class WriterWorkers {
public:
    virtual ~WriterWorkers() = default;

    /** The writer of an idle worker, for a call of the loop's own before the next submit; null when all are busy. */
    virtual Writer *idle_writer() = 0;

    /** Commits the batch on an idle worker, of which there must be one, while the caller continues. */
    virtual void submit(InFlightBatch batch) = 0;

    /** The next batch that is no longer in flight, whatever its outcome; nothing: none yet. Throws what the writer
     * threw. */
    virtual std::optional<Completion> next_completion() = 0;

    /** Until there is a completion, or until that time. */
    virtual void wait(Time until) = 0;

    /** Ends the wait for all that is in flight: it completes within a second, most likely with a transient failure. */
    virtual void abandon() = 0;

    /** False: a busy worker neither makes progress nor calls keep_waiting, so it hangs. */
    virtual bool is_alive() = 0;
};

} // namespace analytics::ingestor
