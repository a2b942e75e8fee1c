/* Instants: every form that the reference accepts, read exactly to the microsecond, and the one form we write.
 *
 * An instant is a count of microseconds since the Unix epoch in UTC, proleptic Gregorian, years 0001-9999. Digits
 * beyond the microsecond are dropped: toward zero for epoch numbers, so -1.0000009 is one second before the epoch;
 * down to the enclosing microsecond in calendar forms, where the fraction counts forward from the second.
 * Nothing here asks the C library for a time zone or a locale. */
#pragma once

#include "json.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace analytics::core {

using Instant = std::int64_t; // microseconds since 1970-01-01T00:00:00Z

inline constexpr Instant min_instant = -62'135'596'800'000'000; // 0001-01-01T00:00:00Z
inline constexpr Instant max_instant = 253'402'300'799'999'999; // 9999-12-31T23:59:59.999999Z

/** ISO 8601 / RFC 3339 text, see the reference's section "Instants". Nothing when it is no such text or out of range. */
std::optional<Instant> instant_of_text(std::string_view text) noexcept;

/** Epoch number from its digits: seconds, or by magnitude milliseconds (>= 1e11), microseconds (>= 1e14), nanoseconds (>= 1e17). */
std::optional<Instant> instant_of_number(std::string_view number) noexcept;

/** Whatever the node holds: text, number, or a Java array [y,mo,d,h,mi(,s(,nanos))]. */
std::optional<Instant> instant_of(const Document &document, std::uint32_t node) noexcept;

/** An ISO 8601 offset (Z, ±hh, ±hhmm, ±hh:mm, up to 23:59) as microseconds east of UTC. Nothing when it is no such text. */
std::optional<std::int64_t> offset_of_text(std::string_view text) noexcept;

/** "YYYY-MM-DDThh:mm:ss[.ffffff]Z", written by iso8601. */
struct IsoText {
    char bytes[27];
    std::uint8_t size;

    std::string_view view() const noexcept { return {bytes, size}; }
};
IsoText iso8601(Instant instant) noexcept;

} // namespace analytics::core
