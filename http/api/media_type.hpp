/* The media types that POST takes. Names are compared without regard to case; parameters have no effect, a charset
 * neither: JSON is UTF-8 whatever is said beside it (RFC 8259, 8.1 and 11), and bytes that are none are refused as such. */
#pragma once

#include <cstdint>
#include <string_view>

namespace analytics::http {

enum class MediaType : std::uint8_t { json, ndjson, other };

/** Of a Content-Type's value; none at all is another one. */
[[nodiscard]] MediaType media_type_of(std::string_view content_type) noexcept;

} // namespace analytics::http
