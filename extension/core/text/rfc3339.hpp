/* Dates and times as text: RFC 3339, and the forms of ISO 8601 around it that events bring.
 *
 * An instant is a count of microseconds since the Unix epoch in UTC, proleptic Gregorian, in the years 0001 to 9999.
 * The fraction of a second may have any length; digits beyond the microsecond are dropped. A leap second (:60) is
 * accepted where UTC has one, and counts as the second that follows. Nothing here asks for a time zone or a locale. */
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace analytics::core {

using Instant = std::int64_t; // microseconds since 1970-01-01T00:00:00Z

inline constexpr Instant min_instant = -62'135'596'800'000'000; // 0001-01-01T00:00:00Z
inline constexpr Instant max_instant = 253'402'300'799'999'999; // 9999-12-31T23:59:59.999999Z

/** The instant, or nothing when it is out of range. */
[[nodiscard]] constexpr std::optional<Instant> in_range(Instant instant) noexcept
{
    if (instant < min_instant || instant > max_instant) return std::nullopt;
    return instant;
}

/** A moment as a calendar and a clock show it; the offset is what that clock is ahead of UTC. */
struct ClockTime {
    int year = 0, month = 0, day = 0;
    int hour = 0, minute = 0, second = 0;
    int micros = 0;
    int offset_minutes = 0;
};

/** Nothing when there is no such time, or it is out of range. */
[[nodiscard]] std::optional<Instant> instant_of(const ClockTime &time) noexcept;

/** A date-time of RFC 3339: seconds and an offset are required. "T" and "Z" may be in lower case, one space may stand
 * for the "T". */
[[nodiscard]] std::optional<Instant> instant_of_rfc3339(std::string_view text) noexcept;

/** The same and more: seconds may be absent, "," may stand for ".", an offset may be ±hh or ±hhmm, and none is UTC. */
[[nodiscard]] std::optional<Instant> instant_of_text(std::string_view text) noexcept;

/** An offset (Z, ±hh, ±hhmm, ±hh:mm, up to 23:59) as microseconds east of UTC. Nothing when it is no such text. */
[[nodiscard]] std::optional<std::int64_t> offset_of_text(std::string_view text) noexcept;

/** "YYYY-MM-DDThh:mm:ss[.ffffff]Z", written by iso8601; the fraction is absent when it is zero. */
struct IsoText {
    char bytes[27];
    std::uint8_t size;

    [[nodiscard]] std::string_view view() const noexcept { return {bytes, size}; }
};
[[nodiscard]] IsoText iso8601(Instant instant) noexcept;

} // namespace analytics::core
