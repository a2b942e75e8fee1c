/* Bytes as base64 (RFC 4648): section 4 with padding, for JSON; section 5 (base64url) without, for URLs. */
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace analytics::core {

void append_base64(std::string &out, std::string_view bytes);

void append_base64url(std::string &out, std::string_view bytes);

/** Nothing unless the text is exactly what append_base64url writes: bits that no byte needs must be zero. */
[[nodiscard]] std::optional<std::string> bytes_of_base64url(std::string_view text);

} // namespace analytics::core
