/* The media types that POST accepts. Their names are compared without regard to case. Parameters have no effect, not
 * even charset: JSON is UTF-8 (RFC 8259, 8.1 and 11), and other bytes are refused as such. */
#pragma once

#include <cstdint>
#include <string_view>

namespace analytics::http {

enum class MediaType : std::uint8_t { json, ndjson, other };

/** The type that a Content-Type has; other if there is none. */
[[nodiscard]] MediaType media_type_of(std::string_view content_type) noexcept;

} // namespace analytics::http
