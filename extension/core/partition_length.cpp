#include "partition_length.hpp"

#include "text/ascii.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>

namespace analytics::core {
namespace {

constexpr std::int64_t day_micros = 86'400'000'000;
constexpr std::int32_t days_per_week = 7;
constexpr std::int64_t monday = 3 * day_micros; // what the epoch, a Thursday, is after a Monday

using Days = std::chrono::sys_days;
using Civil = std::chrono::year_month_day;

struct Moment {
    explicit Moment(Instant instant)
        : date(std::chrono::floor<std::chrono::days>(std::chrono::microseconds{instant})),
          micros(instant - date.time_since_epoch().count() * day_micros), civil(date)
    {
    }

    [[nodiscard]] bool begins_month() const { return micros == 0 && civil.day() == std::chrono::day{1}; }
    [[nodiscard]] bool begins_year() const { return begins_month() && civil.month() == std::chrono::January; }
    [[nodiscard]] int year() const { return static_cast<int>(civil.year()); }

    Days date;
    std::int64_t micros; // of the day
    Civil civil;
};

/** The moment as ISO 8601 writes it, with underscores: "2026_11_30T12:00:00Z". The first instant of the year 10000 ends
 * a range. */
std::string iso_text(Instant instant)
{
    if (instant > max_instant) return "10000_01_01T00:00:00Z";
    std::string text{iso8601(instant).view()};
    std::replace(text.begin(), text.end(), '-', '_');
    return text;
}

std::string day_text(Instant instant)
{
    const std::string text = iso_text(instant);
    return text.substr(0, text.find('T'));
}

std::string year_text(Instant instant)
{
    const std::string text = iso_text(instant);
    return text.substr(0, text.find('_'));
}

/** Its digits: "_120000", "_123456789000". */
std::string time_text(Instant instant)
{
    const std::string text = iso_text(instant);
    std::string digits = "_";
    std::copy_if(text.begin() + static_cast<std::ptrdiff_t>(text.find('T')), text.end(), std::back_inserter(digits),
                 is_digit);
    return digits;
}

/** The week's number, and the year in which its Thursday is. */
std::string week_text(const Moment &monday)
{
    const Civil thursday{monday.date + std::chrono::days{3}};
    const auto days = (Days{thursday} - Days{thursday.year() / std::chrono::January / 1}).count();
    const auto week = static_cast<int>(days / days_per_week + 1);
    return year_text(Days{thursday}.time_since_epoch().count() * day_micros) + "_w" + (week < 10 ? "0" : "") +
           std::to_string(week);
}

} // namespace

TimeRange clipped(const TimeRange &range, const TimeRange &to) noexcept
{
    return {std::max(range.start, to.start), std::min(range.end, to.end)};
}

PartitionLength PartitionLength::of(CalendarUnit unit) noexcept
{
    switch (unit) {
    case CalendarUnit::day:
        return *of_interval(0, 1, 0);
    case CalendarUnit::week:
        return *of_interval(0, days_per_week, 0);
    case CalendarUnit::month:
        return *of_interval(1, 0, 0);
    case CalendarUnit::year:
        return *of_interval(12, 0, 0);
    case CalendarUnit::decade:
        break;
    }
    return *of_interval(120, 0, 0);
}

std::optional<PartitionLength> PartitionLength::of_interval(std::int32_t months, std::int32_t days,
                                                            std::int64_t micros) noexcept
{
    const std::optional<Bucket> bucket = Bucket::of_interval(months, days, micros);
    if (!bucket) return std::nullopt;
    const std::int64_t length = days * day_micros + micros;
    return PartitionLength{*bucket, length != 0 && length % (days_per_week * day_micros) == 0};
}

TimeRange PartitionLength::around(Instant instant) const noexcept
{
    const std::int64_t shift = is_of_weeks_ ? monday : 0;
    const Instant start = bucket_.start(instant + shift);
    return clipped({start - shift, bucket_.next(start) - shift}, {});
}

std::string name_of(const TimeRange &range)
{
    const Moment start{range.start};
    const Moment end{range.end};
    const std::int64_t length = range.end - range.start;
    if (start.micros == 0 && length == day_micros) return day_text(range.start);
    if (start.micros == 0 && length == days_per_week * day_micros &&
        std::chrono::weekday{start.date} == std::chrono::Monday)
        return week_text(start);
    if (start.begins_month() && PartitionLength::of(CalendarUnit::month).around(range.start) == range)
        return day_text(range.start).substr(0, std::string_view{"2026_11"}.size());
    if (start.begins_year() && end.begins_year())
        return end.year() == start.year() + 1 ? year_text(range.start)
                                              : year_text(range.start) + "_to_" + year_text(range.end);
    constexpr std::size_t to_the_second = std::string_view{"_120000"}.size(); // so that names stay below 64 bytes
    return day_text(range.start) + (start.micros == 0 ? "" : time_text(range.start)) + "_to_" + day_text(range.end) +
           (end.micros == 0 ? "" : time_text(range.end).substr(0, to_the_second));
}

} // namespace analytics::core
