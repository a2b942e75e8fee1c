/* RFC 3339 date-times as parameters: the offset is required, the fraction may be of any length and is truncated to
 * microseconds, and the instant must lie in the years 0001-9999 of UTC. "T" and "Z" may be lower case, one space may
 * stand for the "T". A leap second (:60) is accepted where UTC has one, at 23:59, as the second that follows. */
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace analytics::http {

inline constexpr std::int64_t min_micros = -62'135'596'800'000'000; // 0001-01-01T00:00:00Z
inline constexpr std::int64_t max_micros = 253'402'300'799'999'999; // 9999-12-31T23:59:59.999999Z

/** Microseconds since the Unix epoch. */
[[nodiscard]] std::optional<std::int64_t> micros_of_rfc3339(std::string_view text) noexcept;

} // namespace analytics::http
