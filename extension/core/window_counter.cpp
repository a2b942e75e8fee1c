#include "window_counter.hpp"

#include "count.hpp"

#include <algorithm>
#include <array>
#include <numeric>

namespace analytics::core {

std::uint32_t WindowCounter::index_of(std::string_view type)
{
    if (const auto known = indexes_.find(type); known != indexes_.end()) return known->second;
    const auto index = static_cast<std::uint32_t>(types_.size());
    types_.push_back(indexes_.emplace(type, index).first->first);
    return index;
}

void WindowCounter::add(std::int32_t bucket, std::uint32_t type, std::int64_t count)
{
    std::vector<std::int64_t> &counts = counts_[static_cast<std::size_t>(bucket)];
    if (counts.size() <= type) counts.resize(types_.size());
    counts[type] = sum_of(counts[type], count);
}

void WindowCounter::add_bag(std::int64_t hour, std::string_view packed)
{
    const std::int64_t first_minute = hour * minutes_per_hour;
    const std::int64_t end_minute = first_minute + minutes_per_hour;
    auto span = std::partition_point(plan_.spans.begin(), plan_.spans.end(),
                                     [&](const Span &candidate) { return candidate.end <= first_minute; });
    if (span == plan_.spans.end() || span->start >= end_minute) return;

    if (span->start <= first_minute && span->end >= end_minute) {
        for (BagReader bag{packed}; bag.next();)
            if (bag.total() != 0) add(span->bucket, index_of(bag.type()), bag.total());
        return;
    }

    std::array<std::int32_t, minutes_per_hour> bucket_of{};
    bucket_of.fill(no_bucket);
    for (; span != plan_.spans.end() && span->start < end_minute; ++span)
        std::fill(bucket_of.begin() + (std::max(span->start, first_minute) - first_minute),
                  bucket_of.begin() + (std::min(span->end, end_minute) - first_minute), span->bucket);
    for (BagReader bag{packed}; bag.next();) {
        const std::uint32_t type = index_of(bag.type());
        MinuteReader minutes = bag.minutes();
        for (MinuteCount cell; minutes.next(cell);)
            if (const std::int32_t bucket = bucket_of[static_cast<std::size_t>(cell.minute)]; bucket != no_bucket)
                add(bucket, type, cell.count);
    }
}

void WindowCounter::add_event(std::span<const Slice> run, Instant occurred_at, std::string_view type)
{
    const Slice *slice = run.data();
    if (run.size() > 1)
        slice = &*std::partition_point(run.begin(), run.end() - 1,
                                       [&](const Slice &candidate) { return candidate.end <= occurred_at; });
    const std::uint32_t index = index_of(type);
    if (slice->bucket != no_bucket) add(slice->bucket, index, 1);
    if (slice->less != no_bucket) add(slice->less, index, -1);
}

void WindowCounter::finish()
{
    std::vector<std::uint32_t> order(types_.size());
    std::iota(order.begin(), order.end(), 0U);
    std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return types_[a] < types_[b]; });

    for (std::size_t bucket = 0; bucket < counts_.size(); ++bucket) {
        const std::vector<std::int64_t> &counts = counts_[bucket];
        for (std::uint32_t place = 0; place < order.size(); ++place)
            if (order[place] < counts.size() && counts[order[place]] != 0)
                cells_.push_back({static_cast<std::int32_t>(bucket), place, counts[order[place]]});
    }
    std::sort(types_.begin(), types_.end());
}

} // namespace analytics::core
