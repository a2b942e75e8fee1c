/* Strict UTF-8 (RFC 3629): shortest form only, no surrogates, nothing above U+10FFFF. */
#pragma once

#include <cstddef>
#include <string_view>

namespace analytics::core {

/** The offset of the first byte of the first ill-formed sequence, or text.size() when there is none. */
[[nodiscard]] std::size_t first_invalid_utf8(std::string_view text) noexcept;

[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

/** Whether a database of encoding UTF8 can hold the bytes as a text: well-formed, and without a zero byte. */
[[nodiscard]] bool is_storable_text(std::string_view text) noexcept;

/** Whether the byte continues a character rather than begins one. */
[[nodiscard]] constexpr bool continues_character(char byte) noexcept
{
    return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

/** The longest beginning of well-formed UTF-8 that has at most so many bytes, of whole characters. */
[[nodiscard]] std::string_view beginning_of(std::string_view text, std::size_t most) noexcept;

/** The length of well-formed UTF-8 in characters (code points). */
[[nodiscard]] std::size_t count_characters(std::string_view text) noexcept;

} // namespace analytics::core
