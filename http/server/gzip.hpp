/* gzip for clients that accept it. A large response is JSON, which shrinks to a tenth even at the fastest level. That
 * level, and a bound on the size, keep the work for one request below a tenth of a second. */
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace analytics::http {

inline constexpr std::size_t min_compressed = 1'400;                 // bytes: less fits into one packet anyway
inline constexpr std::size_t max_compressed = std::size_t{8} << 20U; // some 60 ms of one core

/** Whether an Accept-Encoding accepts gzip (RFC 9110, 12.5.3); an empty one does not. */
[[nodiscard]] bool takes_gzip(std::string_view accept_encoding) noexcept;

/** Nothing if the bytes don't shrink, or if zlib gets no memory. */
[[nodiscard]] std::optional<std::string> gzip(std::string_view bytes);

} // namespace analytics::http
