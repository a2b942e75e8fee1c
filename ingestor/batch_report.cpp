#include "batch_report.hpp"

namespace analytics::ingestor {
namespace {

double milliseconds(Time::duration time)
{
    return std::chrono::duration<double, std::milli>(time).count();
}

} // namespace

void report_committed(runtime::Observer &observe, const InFlightBatch &in_flight, const Committed &committed,
                      Time::duration duration, Time now)
{
    const auto &[topic, partition] = in_flight.partition;
    const Batch &batch = in_flight.batch;
    observe(event::BatchCommitted{.topic = topic,
                                  .partition = partition,
                                  .offset = batch.first_offset(),
                                  .next_offset = batch.next_offset(),
                                  .records = batch.size(),
                                  .bytes = batch.bytes(),
                                  .stored = committed.stored,
                                  .duplicates = committed.duplicates,
                                  .dead_lettered = committed.dead_lettered,
                                  .skipped = committed.skipped,
                                  .counts_known = committed.counts_known,
                                  .milliseconds = milliseconds(duration),
                                  .age_milliseconds = milliseconds(now - batch.opened_at())});
    if (!committed.refusals.empty())
        observe(event::RecordsRefused{.topic = topic,
                                      .partition = partition,
                                      .offset = batch.first_offset(),
                                      .refusals = runtime::Json{committed.refusals}});
}

void report_fenced(runtime::Observer &observe, const InFlightBatch &batch, std::size_t records)
{
    observe(event::PartitionFenced{.topic = batch.partition.topic,
                                   .partition = batch.partition.id,
                                   .offset = batch.claim.next_offset,
                                   .epoch = batch.claim.epoch,
                                   .records_dropped = records});
}

} // namespace analytics::ingestor
