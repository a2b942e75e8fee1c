#include "window_counter.hpp"

#include "count.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace analytics::core {
namespace {

constexpr unsigned type_bits = 32;

constexpr std::uint64_t key_of(std::int32_t bucket, std::uint32_t type) noexcept
{
    return static_cast<std::uint64_t>(bucket) << type_bits | type;
}

constexpr std::int32_t bucket_of(std::uint64_t key) noexcept
{
    return static_cast<std::int32_t>(key >> type_bits);
}

constexpr std::uint32_t type_of(std::uint64_t key) noexcept
{
    return static_cast<std::uint32_t>(key);
}

} // namespace

std::uint32_t WindowCounter::index_of(std::string_view type)
{
    if (const auto known = indexes_.find(type); known != indexes_.end()) return known->second;
    const auto index = static_cast<std::uint32_t>(types_.size());
    types_.push_back(indexes_.emplace(type, index).first->first);
    return index;
}

void WindowCounter::add(std::int32_t bucket, std::uint32_t type, std::int64_t count)
{
    std::int64_t &sum = sums_[key_of(bucket, type)];
    sum = sum_of(sum, count);
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
            if (bag.total() != 0 && wants(bag.type())) add(span->bucket, index_of(bag.type()), bag.total());
        return;
    }

    std::array<std::int32_t, minutes_per_hour> bucket_of{};
    bucket_of.fill(no_bucket);
    for (; span != plan_.spans.end() && span->start < end_minute; ++span)
        std::fill(bucket_of.begin() + (std::max(span->start, first_minute) - first_minute),
                  bucket_of.begin() + (std::min(span->end, end_minute) - first_minute), span->bucket);
    for (BagReader bag{packed}; bag.next();)
        if (wants(bag.type())) add_minutes(bag, bucket_of);
}

/* Minutes of one bucket mostly follow each other: they are summed up before the bucket is looked up. */
void WindowCounter::add_minutes(const BagReader &bag, std::span<const std::int32_t> bucket_of)
{
    std::int32_t bucket = no_bucket;
    std::int64_t sum = 0;
    const auto put = [&] {
        if (bucket != no_bucket) add(bucket, index_of(bag.type()), sum);
    };
    MinuteReader minutes = bag.minutes();
    for (MinuteCount cell; minutes.next(cell);) {
        if (const std::int32_t other = bucket_of[static_cast<std::size_t>(cell.minute)]; other != bucket) {
            put();
            bucket = other;
            sum = 0;
        }
        sum = sum_of(sum, cell.count);
    }
    put();
}

void WindowCounter::add_event(std::span<const Slice> run, Instant occurred_at, std::string_view type)
{
    if (!wants(type)) return;
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
    std::erase_if(sums_, [](const auto &entry) { return entry.second == 0; });
    std::vector<std::uint32_t> order;
    std::vector<std::uint32_t> place_of(types_.size());
    for (const auto &[key, count] : sums_) place_of[type_of(key)] = 1;
    for (std::uint32_t type = 0; type < types_.size(); ++type)
        if (place_of[type] != 0) order.push_back(type);
    std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) { return types_[a] < types_[b]; });
    for (std::uint32_t place = 0; place < order.size(); ++place) place_of[order[place]] = place;

    counts_.reserve(sums_.size());
    for (const auto &[key, count] : sums_) counts_.push_back({bucket_of(key), place_of[type_of(key)], count});
    std::sort(counts_.begin(), counts_.end(), [](const BucketCount &a, const BucketCount &b) {
        return key_of(a.bucket, a.type) < key_of(b.bucket, b.type);
    });

    std::vector<std::string_view> types(order.size());
    std::transform(order.begin(), order.end(), types.begin(), [&](std::uint32_t type) { return types_[type]; });
    types_ = std::move(types);
}

} // namespace analytics::core
