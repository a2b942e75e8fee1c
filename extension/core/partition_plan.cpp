#include "partition_plan.hpp"

#include <algorithm>
#include <array>
#include <chrono>

namespace analytics::core {
namespace {

constexpr std::int64_t day = 86'400'000'000;

Instant new_year(int year)
{
    return std::chrono::sys_days{std::chrono::year{year} / std::chrono::January / 1}.time_since_epoch().count() * day;
}

int year_of(Instant instant)
{
    const std::chrono::sys_days date{std::chrono::floor<std::chrono::days>(std::chrono::microseconds{instant})};
    return static_cast<int>(std::chrono::year_month_day{date}.year());
}

/** Each rule is coarser than the one before: far from now first, and around now last. */
enum class Rule : std::uint8_t { usual, coarse_far, coarse_recent, months, years };

struct RuleLimit {
    Rule rule;
    std::size_t max_partitions; // that the table has afterwards
};

/** So many partitions an operator has chosen who keeps events for about a year. */
constexpr std::size_t max_partitions_around_now(CalendarUnit unit) noexcept
{
    switch (unit) {
    case CalendarUnit::day:
        return 400;
    case CalendarUnit::week:
        return 250;
    default:
        return 120; // ten years of months
    }
}

/** The last one is for whatever is left. */
constexpr std::array<RuleLimit, 5> rule_limits(CalendarUnit unit) noexcept
{
    constexpr std::size_t max_far = 60;
    constexpr std::size_t max_recent = 80;
    constexpr std::size_t max_months = 60;
    const std::size_t max_around_now = max_partitions_around_now(unit);
    return {RuleLimit{Rule::usual, max_far}, RuleLimit{Rule::coarse_far, max_recent},
            RuleLimit{Rule::coarse_recent, max_around_now}, RuleLimit{Rule::months, max_around_now + max_months},
            RuleLimit{Rule::years, ~std::size_t{0}}};
}

/** A range of time and the length of its partitions; without one, it is a single partition. */
struct Ring {
    TimeRange range;
    std::optional<PartitionLength> length;
};

/** The rings, from now outwards: each one surrounds the one before. */
using Rings = std::vector<Ring>;

/** The times that keep the operator's length as long as any. this_year is that of now. */
TimeRange around_now(Instant now, int this_year, CalendarUnit unit)
{
    const auto days = [&](std::int64_t back, std::int64_t ahead) {
        const PartitionLength length = PartitionLength::of(unit);
        return TimeRange{length.around(now - back * day).start, length.around(now + ahead * day).end};
    };
    switch (unit) {
    case CalendarUnit::day:
        return days(28, 3);
    case CalendarUnit::week:
        return days(126, 28);
    default:
        return {new_year(this_year - 1), new_year(this_year + 2)};
    }
}

Rings rings_of(Rule rule, Instant now, CalendarUnit unit)
{
    const int this_year = std::clamp(year_of(now), 5, 9'980); // so that every ring lies in the years 0001 to 9999
    const TimeRange recent{new_year(this_year - 3), new_year(this_year + 2)};
    const TimeRange years{std::min(new_year(2000), recent.start), new_year(this_year + 11)};
    const TimeRange decades{years.start, std::max(new_year(2100), years.end)};
    const CalendarUnit month_at_least = std::max(unit, CalendarUnit::month);
    const CalendarUnit around = rule == Rule::years ? CalendarUnit::year : rule == Rule::months ? month_at_least : unit;

    Rings rings;
    const auto add = [&](const TimeRange &range, CalendarUnit length) {
        rings.push_back({range, PartitionLength::of(length)});
    };
    add(around_now(now, this_year, around), around);
    add(recent, rule < Rule::coarse_recent ? month_at_least : CalendarUnit::year);
    add(years, rule == Rule::usual ? CalendarUnit::year : CalendarUnit::decade);
    if (rule == Rule::usual) add(decades, CalendarUnit::decade);
    rings.push_back({TimeRange{}, {}});
    return rings;
}

TimeRange range_in(const Rings &rings, Instant instant) noexcept
{
    const auto ring =
        std::find_if(rings.begin(), rings.end(), [&](const Ring &one) { return one.range.holds(instant); });
    TimeRange range = ring->length ? clipped(ring->length->around(instant), ring->range) : ring->range;
    if (ring == rings.begin()) return range;
    const TimeRange &inner = std::prev(ring)->range;
    if (instant < inner.start)
        range.end = std::min(range.end, inner.start);
    else
        range.start = std::max(range.start, inner.end);
    return range;
}

/** The free range around an instant; nothing when a range holds it. The ranges are in the order of time. */
std::optional<TimeRange> gap_around(Instant instant, std::span<const TimeRange> ranges) noexcept
{
    const auto after = std::partition_point(ranges.begin(), ranges.end(),
                                            [&](const TimeRange &range) { return range.start <= instant; });
    TimeRange gap;
    if (after != ranges.end()) gap.end = after->start;
    if (after == ranges.begin()) return gap;
    gap.start = std::prev(after)->end;
    return gap.start <= instant ? std::optional{gap} : std::nullopt;
}

std::vector<TimeRange> ranges_by(const Rings &rings, std::span<const Instant> needed,
                                 std::span<const TimeRange> existing)
{
    std::vector<TimeRange> made;
    for (const Instant instant : needed) {
        if (!made.empty() && made.back().holds(instant)) continue;
        const std::optional<TimeRange> gap = gap_around(instant, existing);
        if (gap) made.push_back(clipped(range_in(rings, instant), *gap));
    }
    return made;
}

} // namespace

TimeRange usual_range(Instant instant, Instant now, CalendarUnit unit)
{
    return range_in(rings_of(Rule::usual, now, unit), instant);
}

std::vector<TimeRange> plan_partitions(std::span<const Instant> needed, std::span<const TimeRange> existing,
                                       Instant now, CalendarUnit unit)
{
    std::vector<TimeRange> made;
    for (const RuleLimit &limit : rule_limits(unit)) {
        made = ranges_by(rings_of(limit.rule, now, unit), needed, existing);
        if (made.size() <= max_new_partitions && existing.size() + made.size() <= limit.max_partitions) break;
    }
    return made;
}

std::optional<TimeRange> plan_partition(Instant instant, std::span<const TimeRange> existing,
                                        const PartitionLength &length) noexcept
{
    const std::optional<TimeRange> gap = gap_around(instant, existing);
    if (!gap) return std::nullopt;
    return clipped(length.around(instant), *gap);
}

} // namespace analytics::core
