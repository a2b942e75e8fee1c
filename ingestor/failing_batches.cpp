#include "failing_batches.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace analytics::ingestor {
namespace {

/* SQLSTATEs of a server that accepts no batch, whatever it holds. Others may be the batch's own fault. */
bool is_outage(std::string_view sqlstate)
{
    constexpr std::array states{"08001", "57P03", "53100", "53300", "25006"};
    return std::ranges::find(states, sqlstate) != states.end();
}

} // namespace

bool is_connection_loss(std::string_view sqlstate) noexcept
{
    return sqlstate.starts_with("08") || sqlstate.starts_with("57P");
}

bool FailingBatches::handles(PartitionBuffers::Map::value_type &entry, const Failure &failure)
{
    PartitionBuffer &buffer = entry.second;
    if (!failure.transient || is_outage(failure.sqlstate)) return false;
    ++buffer.failures;
    if (!buffer.most_records && buffer.failures < loop_.options.tries_before_shorter) return false;
    set_aside(entry, failure);
    return true;
}

void FailingBatches::set_aside(PartitionBuffers::Map::value_type &entry, const Failure &failure)
{
    const Partition &partition = entry.first;
    const PartitionBuffer &buffer = entry.second;
    const std::size_t records = buffer.requeued->size();
    const bool were_short = buffer.most_records.has_value();
    const std::int64_t offset = buffer.requeued->first_offset();
    if (!buffer.is_set_aside()) loop_.consumer.stop(partition);
    /* A shorter batch is another one and is tried soon; the same one waits longer and longer. */
    const auto doublings = std::min<std::size_t>(buffer.failures, 10);
    const Milliseconds first_pause = loop_.options.first_pause;
    const Milliseconds longer = std::min(loop_.options.longest_pause, first_pause * (1 << doublings));
    buffers_.set_aside(entry, loop_.now() + (records > 1 ? first_pause : longer));
    if (records > 1) health_.retry_soon(loop_.now());

    const Batch &batch = *buffer.requeued;
    const event::FailedBatch failed{.topic = partition.topic,
                                    .partition = partition.id,
                                    .offset = batch.first_offset(),
                                    .records = batch.size(),
                                    .sqlstate = failure.sqlstate,
                                    .message = failure.message};
    if (!were_short) loop_.observe(event::BatchesShortened{failed});
    if (records > 1 || std::exchange(reported_[partition], offset) == offset) return;
    loop_.observe(event::RecordFailing{failed});
}

} // namespace analytics::ingestor
