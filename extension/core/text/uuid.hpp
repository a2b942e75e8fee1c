/* UUIDs as text: 8-4-4-4-12 hexadecimal digits. Written in lower case, read in either. */
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace analytics::core {

/** The 16 bytes; nothing when the text has another form. */
[[nodiscard]] std::optional<std::string> bytes_of_uuid(std::string_view text);

struct UuidText {
    char bytes[36];

    [[nodiscard]] std::string_view view() const noexcept { return {bytes, sizeof bytes}; }
};

/** From 16 bytes. */
[[nodiscard]] UuidText uuid_text(const std::uint8_t *bytes) noexcept;

/** From 16 bytes. */
[[nodiscard]] std::string uuid_of_bytes(std::string_view bytes);

} // namespace analytics::core
