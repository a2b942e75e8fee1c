#include "progress.hpp"

#include <algorithm>

namespace analytics::ingestor {
namespace {

constexpr double millis_per_second = 1'000;

std::int64_t wall_clock_ms()
{
    return std::chrono::duration_cast<Milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

} // namespace

void Progress::report(const PartitionBuffers &buffers, Time now)
{
    if (!looks_.admits(now)) return;
    const std::int64_t wall = wall_clock_ms();
    for (const auto &[partition, buffer] : buffers.all()) {
        const auto [entry, is_new] = reported_.try_emplace(partition);
        State &last = entry->second;
        State seen{buffer.claim.next_offset, consumer_.last_high_watermark(partition), {}};
        if (buffer.records() > 0)
            seen.waiting_since_ms =
                std::min(wall, buffer.first_timestamp_ms().value_or(last.waiting_since_ms.value_or(wall)));
        else if (seen.high_watermark && *seen.high_watermark > buffer.position())
            seen.waiting_since_ms = last.waiting_since_ms.value_or(wall);
        if (!is_new && seen == last) continue;
        last = seen;

        event::PartitionProgress progress{
            .topic = partition.topic, .partition = partition.id, .next_offset = seen.next_offset};
        if (seen.high_watermark) progress.lag = std::max<std::int64_t>(0, *seen.high_watermark - seen.next_offset);
        if (seen.waiting_since_ms)
            progress.waiting_since = static_cast<double>(*seen.waiting_since_ms) / millis_per_second;
        observe_(progress);
    }
}

} // namespace analytics::ingestor
