/* Instants: every form that the reference accepts, read exactly to the microsecond, and the one form we write.
 *
 * An instant is a count of microseconds since the Unix epoch in UTC, proleptic Gregorian, years 0001-9999. Digits
 * beyond the microsecond are dropped: toward zero for epoch numbers, so -1.0000009 is one second before the epoch;
 * down to the enclosing microsecond in calendar forms, where the fraction counts forward from the second.
 * Nothing here asks the C library for a time zone or a locale. */
#pragma once

#include "json.hpp"
#include "text/rfc3339.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace analytics::core {

/** Epoch number from its digits: seconds, or by magnitude milliseconds (>= 1e11), microseconds (>= 1e14), nanoseconds (>= 1e17). */
std::optional<Instant> instant_of_number(std::string_view number) noexcept;

/** Whatever the node holds: text, number, or a Java array [y,mo,d,h,mi(,s(,nanos))]. */
std::optional<Instant> instant_of(const Document &document, std::uint32_t node) noexcept;

} // namespace analytics::core
