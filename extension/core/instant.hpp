/* Instants in JSON: every form that the reference's section "Instants" accepts, read exactly to the microsecond.
 *
 * Digits beyond the microsecond are dropped. For epoch numbers that is toward zero: -1.0000009 is one second before the
 * epoch. In calendar forms the fraction counts forward from the second, so the instant becomes earlier. */
#pragma once

#include "json.hpp"
#include "text/rfc3339.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace analytics::core {

/** An epoch number: seconds, or by its magnitude milliseconds (>= 1e11), microseconds (>= 1e14), nanoseconds (>=
 * 1e17). */
std::optional<Instant> instant_of_number(std::string_view number) noexcept;

/** Whatever the node holds: text, number, or a Java array [y,mo,d,h,mi(,s(,nanos))]. */
std::optional<Instant> instant_of(const Document &document, std::uint32_t node) noexcept;

} // namespace analytics::core
