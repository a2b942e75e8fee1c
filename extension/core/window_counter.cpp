#include "window_counter.hpp"

#include "count.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
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

/* Never an index: the counter does not count this type. */
constexpr auto unwanted = static_cast<std::uint32_t>(-1);

constexpr std::int64_t hour_number(Instant instant) noexcept
{
    return hour_of(instant) / micros_per_hour;
}

/* The buckets of the units from first on; no_bucket where a unit is in no span. */
template <std::size_t units>
std::array<std::int32_t, units> buckets_of(const std::vector<Span> &spans, std::int64_t first)
{
    std::array<std::int32_t, units> buckets{};
    buckets.fill(no_bucket);
    const std::int64_t end = first + static_cast<std::int64_t>(units);
    auto span =
        std::partition_point(spans.begin(), spans.end(), [&](const Span &candidate) { return candidate.end <= first; });
    for (; span != spans.end() && span->start < end; ++span)
        std::fill(buckets.begin() + (std::max(span->start, first) - first),
                  buckets.begin() + (std::min(span->end, end) - first), span->bucket);
    return buckets;
}

} // namespace

WindowCounter::WindowCounter(std::span<const Instant> bounds, CountFrom from, std::optional<std::string_view> type)
    : from_(from), plan_(from == CountFrom::events ? plan_from_events(bounds) : plan_by(micros_per_minute, bounds)),
      type_(type)
{
    if (from == CountFrom::events || plan_.slices.empty()) return;
    by_second_ = plan_by(micros_per_second, bounds);
    for (const Slice &slice : plan_.slices) {
        const std::int64_t hour = hour_number(slice.start);
        if (divided_.empty() || divided_.back().hour != hour) divided_.push_back({hour, 0, true, {}, {}});
        const std::int64_t minute = (slice.start - hour * micros_per_hour) / micros_per_minute;
        divided_.back().minutes |= std::uint64_t{1} << static_cast<unsigned>(minute);
    }
}

WindowCounter::Hours WindowCounter::hours() const
{
    if (from_ == CountFrom::events) return {};
    Hours hours{std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min()};
    const auto include = [&](const std::vector<Span> &spans, Micros unit) {
        if (spans.empty()) return;
        hours.start = std::min(hours.start, hour_number(spans.front().start * unit));
        hours.end = std::max(hours.end, hour_number(spans.back().end * unit - 1) + 1);
    };
    include(plan_.spans, micros_per_minute);
    include(by_second_.spans, micros_per_second);
    return hours.start < hours.end ? hours : Hours{};
}

std::uint32_t WindowCounter::index_of(std::string_view type)
{
    if (const auto known = indexes_.find(type); known != indexes_.end()) return known->second;
    const auto index = static_cast<std::uint32_t>(types_.size());
    types_.push_back(indexes_.emplace(type, index).first->first);
    return index;
}

/* The place among the divided hours; their number if the hour is not divided. */
std::size_t WindowCounter::divided(std::int64_t hour) const
{
    const auto found = std::partition_point(divided_.begin(), divided_.end(),
                                            [&](const DividedHour &candidate) { return candidate.hour < hour; });
    if (found == divided_.end() || found->hour != hour) return divided_.size();
    return static_cast<std::size_t>(found - divided_.begin());
}

void WindowCounter::add(std::int32_t bucket, std::uint32_t type, std::int64_t count, Sums *undecided)
{
    const auto [sum, is_new] = (undecided == nullptr ? sums_ : *undecided).try_emplace(key_of(bucket, type), 0);
    sum->second = sum_of(sum->second, count);
    if (is_new && undecided != nullptr) ++undecided_;
}

void WindowCounter::add_bag(std::int64_t hour, std::string_view cells)
{
    const std::int64_t first = hour * minutes_per_hour;
    const std::int64_t end = first + minutes_per_hour;
    const std::size_t place = divided(hour);
    DividedHour *const parts = place < divided_.size() ? &divided_[place] : nullptr;
    last_types_.clear();
    if (parts == nullptr) {
        const auto span = std::partition_point(plan_.spans.begin(), plan_.spans.end(),
                                               [&](const Span &candidate) { return candidate.end <= first; });
        if (span == plan_.spans.end() || span->start >= end) return;
        if (span->start <= first && span->end >= end) {
            for (BagReader bag{cells}; bag.next();)
                if (bag.total() != 0 && wants(bag.type())) add(span->bucket, index_of(bag.type()), bag.total());
            return;
        }
    }
    const auto buckets = buckets_of<minutes_per_hour>(plan_.spans, first);
    for (BagReader bag{cells}; bag.next();) {
        if (parts != nullptr) last_types_.push_back(wants(bag.type()) ? index_of(bag.type()) : unwanted);
        if (wants(bag.type())) add_minutes(bag, buckets, parts);
    }
}

/* Minutes of one bucket mostly follow each other: they are summed up before the bucket is looked up. */
void WindowCounter::add_minutes(const BagReader &bag, std::span<const std::int32_t> bucket_of, DividedHour *hour)
{
    std::int32_t bucket = no_bucket;
    Sums *undecided = nullptr;
    std::int64_t sum = 0;
    const auto put = [&] {
        if (bucket != no_bucket) add(bucket, index_of(bag.type()), sum, undecided);
    };
    MinuteReader minutes = bag.minutes();
    for (MinuteCount cell; minutes.next(cell);) {
        const std::int32_t other = bucket_of[static_cast<std::size_t>(cell.minute)];
        Sums *const there = hour != nullptr && hour->is_divided(cell.minute) ? &hour->by_minute : nullptr;
        if (other != bucket || there != undecided) {
            put();
            bucket = other;
            undecided = there;
            sum = 0;
        }
        sum = sum_of(sum, cell.count);
    }
    put();
}

bool WindowCounter::wants_seconds(std::int64_t hour) const
{
    const std::size_t place = divided(hour);
    return place < divided_.size() && divided_[place].has_seconds;
}

WindowCounter::Bytes WindowCounter::wanted_bytes(std::int64_t hour, const SecondsHead &head) const
{
    const std::uint64_t minutes = divided_[divided(hour)].minutes;
    return {head.part(std::countr_zero(minutes)), head.part(static_cast<int>(std::bit_width(minutes)))};
}

void WindowCounter::add_seconds(std::int64_t hour, const SecondsHead &head, std::string_view bytes)
{
    DividedHour &parts = divided_[divided(hour)];
    for (const std::string_view type : head.types()) last_types_.push_back(wants(type) ? index_of(type) : unwanted);
    const std::size_t start = wanted_bytes(hour, head).start;
    for (int minute = 0; minute < minutes_per_hour; ++minute) {
        if (!parts.is_divided(minute)) continue;
        const auto buckets =
            buckets_of<seconds_per_minute>(by_second_.spans, (hour * minutes_per_hour + minute) * seconds_per_minute);
        std::int32_t bucket = no_bucket;
        std::uint32_t index = unwanted;
        std::int64_t sum = 0;
        const auto put = [&] {
            if (bucket != no_bucket && index != unwanted) add(bucket, index, sum, &parts.by_second);
        };
        const std::string_view part =
            bytes.substr(head.part(minute) - start, head.part(minute + 1) - head.part(minute));
        read_part(part, last_types_.size(), [&](std::size_t type, int second, std::int64_t count) {
            const std::int32_t other = buckets[static_cast<std::size_t>(second)];
            if (other != bucket || last_types_[type] != index) {
                put();
                bucket = other;
                index = last_types_[type];
                sum = 0;
            }
            sum = sum_of(sum, count);
        });
        put();
    }
}

void WindowCounter::miss_seconds(std::int64_t hour)
{
    divided_[divided(hour)].has_seconds = false;
}

const std::vector<Slice> &WindowCounter::decide()
{
    if (from_ == CountFrom::events) return plan_.slices;
    for (DividedHour &hour : divided_) {
        for (const auto &[key, count] : hour.has_seconds ? hour.by_second : hour.by_minute)
            add(bucket_of(key), type_of(key), count);
        const std::vector<Slice> &slices = (hour.has_seconds ? by_second_ : plan_).slices;
        const auto first = std::partition_point(slices.begin(), slices.end(), [&](const Slice &slice) {
            return slice.start < hour.hour * micros_per_hour;
        });
        const auto end = std::partition_point(
            first, slices.end(), [&](const Slice &slice) { return slice.start < (hour.hour + 1) * micros_per_hour; });
        slices_.insert(slices_.end(), first, end);
    }
    divided_.clear();
    undecided_ = 0;
    return slices_;
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
