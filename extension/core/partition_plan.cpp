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

/** Each rule is coarser than the one before. */
enum class Rule : std::uint8_t {
    usual,
    coarse_outside, // decades for years, and all for decades
    months,         // and months for days and weeks
    years           // years around now, and one for all on either side
};

struct RuleLimit {
    Rule rule;
    std::size_t max_partitions; // that the table has afterwards
};

/** The last one is for whatever is left. Of months, 120 are ten years without retention. */
constexpr std::array rule_limits{RuleLimit{Rule::usual, 100}, RuleLimit{Rule::coarse_outside, 100},
                                 RuleLimit{Rule::months, 120}, RuleLimit{Rule::years, ~std::size_t{0}}};

/** A range of time and the length of its partitions; without one, it is a single partition. */
struct Ring {
    TimeRange range;
    std::optional<PartitionLength> length;
};

/** The rings, from now outwards: each one surrounds the one before. */
using Rings = std::vector<Ring>;

Rings rings_of(Rule rule, Instant now, CalendarUnit unit)
{
    const PartitionLength year = PartitionLength::of(CalendarUnit::year);
    const PartitionLength decade = PartitionLength::of(CalendarUnit::decade);
    const int this_year = std::clamp(year_of(now), 5, 9'980); // so that every ring lies in the years 0001 to 9999
    const TimeRange recent{new_year(this_year - 3), new_year(this_year + 2)};
    if (rule == Rule::years) return {{recent, year}, {TimeRange{}, {}}};

    const bool is_usual = rule == Rule::usual;
    const TimeRange years{std::min(new_year(2000), recent.start), new_year(this_year + 11)};
    const TimeRange decades{years.start, std::max(new_year(2100), years.end)};
    Rings rings;
    const auto days_around = [&](std::int64_t back, std::int64_t ahead) {
        const PartitionLength length = PartitionLength::of(unit);
        return Ring{{length.around(now - back * day).start, length.around(now + ahead * day).end}, length};
    };
    const bool is_finer = unit < CalendarUnit::month;
    if (is_finer && rule != Rule::months)
        rings.push_back(unit == CalendarUnit::day ? days_around(31, 8) : days_around(182, 91));
    if (is_finer && rule == Rule::coarse_outside)
        rings.push_back({recent, year});
    else
        rings.push_back({recent, PartitionLength::of(is_finer ? CalendarUnit::month : unit)});
    rings.push_back({years, is_usual ? year : decade});
    if (is_usual) rings.push_back({decades, decade});
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
    for (const RuleLimit &limit : rule_limits) {
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
