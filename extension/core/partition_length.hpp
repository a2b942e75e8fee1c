/* Lengths of partitions, and the ranges of time that they cut it into.
 *
 * A length is a whole number of months, counted from January 1970, or of minutes, counted from the Unix epoch; whole
 * weeks begin on a Monday, as ISO weeks do. All in UTC. */
#pragma once

#include "bucket.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace analytics::core {

/** [start, end). Ranges of partitions lie between the years 0001 and 9999: end is at most max_instant + 1. */
struct TimeRange {
    Instant start = min_instant;
    Instant end = max_instant + 1;

    [[nodiscard]] bool holds(Instant instant) const noexcept { return start <= instant && instant < end; }
    bool operator==(const TimeRange &) const = default;
};

/** The part of a range that lies in another. */
[[nodiscard]] TimeRange clipped(const TimeRange &range, const TimeRange &to) noexcept;

enum class CalendarUnit : std::uint8_t { day, week, month, year, decade };

class PartitionLength {
public:
    static PartitionLength of(CalendarUnit unit) noexcept;

    /** From the parts of PostgreSQL's interval. Nothing unless Bucket takes them. */
    static std::optional<PartitionLength> of_interval(std::int32_t months, std::int32_t days,
                                                      std::int64_t micros) noexcept;

    /** The range of this length that holds the instant. */
    [[nodiscard]] TimeRange around(Instant instant) const noexcept;

private:
    PartitionLength(const Bucket &bucket, bool is_of_weeks) noexcept : bucket_(bucket), is_of_weeks_(is_of_weeks) {}

    Bucket bucket_;
    bool is_of_weeks_;
};

/** The range as a part of a name: "2026_11_30" for a day, "2026_w49", "2026_11", "2026" for others of the calendar,
 * "2000_to_2010" between years. Else its ends as days, with the time where it is not midnight:
 * "2026_11_05_120000_to_2026_12_01"; of the end, to the second. */
[[nodiscard]] std::string name_of(const TimeRange &range);

} // namespace analytics::core
