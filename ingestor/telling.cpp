#include "telling.hpp"

namespace analytics::ingestor {
namespace {

double milliseconds(Time::duration time)
{
    return std::chrono::duration<double, std::milli>(time).count();
}

} // namespace

void tell_committed(runtime::Observer &observe, const Cargo &cargo, const Committed &committed, Time::duration took,
                    Time now)
{
    const auto &[topic, partition] = cargo.partition;
    const Batch &batch = cargo.batch;
    observe(runtime::Event::batch_committed, {{"topic", topic},
                                              {"partition", partition},
                                              {"offset", batch.first_offset()},
                                              {"next_offset", batch.next_offset()},
                                              {"records", batch.size()},
                                              {"bytes", batch.bytes()},
                                              {"stored", committed.stored},
                                              {"duplicates", committed.duplicates},
                                              {"dead_lettered", committed.dead_lettered},
                                              {"skipped", committed.skipped},
                                              {"counts_known", committed.counts_known},
                                              {"milliseconds", milliseconds(took)},
                                              {"age_milliseconds", milliseconds(now - batch.opened_at())}});
    if (!committed.refusals.empty())
        observe(runtime::Event::records_refused, {{"topic", topic},
                                                  {"partition", partition},
                                                  {"offset", batch.first_offset()},
                                                  {"refusals", runtime::Json{committed.refusals}}});
}

void tell_fenced(runtime::Observer &observe, const Cargo &cargo, std::size_t records)
{
    observe(runtime::Event::partition_fenced, {{"topic", cargo.partition.topic},
                                               {"partition", cargo.partition.id},
                                               {"offset", cargo.claim.next_offset},
                                               {"epoch", cargo.claim.epoch},
                                               {"records_dropped", records}});
}

} // namespace analytics::ingestor
