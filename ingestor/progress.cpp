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

void Progress::tell(const Holdings &holdings, Time now)
{
    if (!looks_.admits(now)) return;
    const std::int64_t wall = wall_clock_ms();
    for (const auto &[partition, holding] : holdings.all()) {
        const auto [place, is_new] = told_.try_emplace(partition);
        Told &told = place->second;
        Told seen{holding.claim.next_offset, consumer_.last_high_watermark(partition), {}};
        if (holding.records() > 0)
            seen.waiting_since_ms =
                std::min(wall, holding.first_timestamp_ms().value_or(told.waiting_since_ms.value_or(wall)));
        else if (seen.high_watermark && *seen.high_watermark > holding.position())
            seen.waiting_since_ms = told.waiting_since_ms.value_or(wall);
        if (!is_new && seen == told) continue;
        told = seen;

        std::vector<runtime::Field> fields{
            {"topic", partition.topic}, {"partition", partition.id}, {"next_offset", seen.next_offset}};
        if (seen.high_watermark)
            fields.emplace_back("lag", std::max<std::int64_t>(0, *seen.high_watermark - seen.next_offset));
        if (seen.waiting_since_ms)
            fields.emplace_back("waiting_since", static_cast<double>(*seen.waiting_since_ms) / millis_per_second);
        observe_.observe(runtime::Event::partition_progress, fields);
    }
}

} // namespace analytics::ingestor
