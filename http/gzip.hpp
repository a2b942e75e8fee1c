/* gzip for clients that ask for it. An answer is small or it is JSON, which shrinks to a tenth even at the fastest
 * level; that level, and a bound on what is compressed, keep the work for one request below a tenth of a second. */
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace analytics::http {

inline constexpr std::size_t min_compressed = 1'400;                 // bytes: what a packet holds gains nothing
inline constexpr std::size_t max_compressed = std::size_t{8} << 20U; // some 60 ms of one core

/** Whether an Accept-Encoding takes gzip (RFC 9110, 12.5.3); an empty one does not. */
[[nodiscard]] bool takes_gzip(std::string_view accept_encoding) noexcept;

/** Nothing when the bytes don't shrink, or zlib gets no memory. */
[[nodiscard]] std::optional<std::string> gzip(std::string_view bytes);

} // namespace analytics::http
