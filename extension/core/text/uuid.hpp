/* UUIDs as text: 8-4-4-4-12 hexadecimal digits. Written in lower case, read in either. */
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace analytics::core {

/** The 16 bytes; nothing when the text has another form. */
[[nodiscard]] std::optional<std::string> bytes_of_uuid(std::string_view text);

/** From 16 bytes. */
[[nodiscard]] std::string uuid_of_bytes(std::string_view bytes);

} // namespace analytics::core
