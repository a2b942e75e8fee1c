/* The media types that POST takes. Names are compared without regard to case; a charset other than UTF-8 makes it
 * another type, all other parameters are ignored (RFC 8259 defines none for JSON). */
#pragma once

#include <cstdint>
#include <string_view>

namespace analytics::http {

enum class MediaType : std::uint8_t { json, ndjson, other };

/** Of a Content-Type's value; none at all is another one. */
[[nodiscard]] MediaType media_type_of(std::string_view content_type) noexcept;

} // namespace analytics::http
