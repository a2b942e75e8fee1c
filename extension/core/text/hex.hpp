/* Bytes as hexadecimal digits, two a byte. Written in lower case, read in either. */
#pragma once

#include "ascii.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace analytics::core {

/** The digit's value, or -1 for any other character. */
[[nodiscard]] constexpr int hex_value(char c) noexcept
{
    if (is_digit(c)) return c - '0';
    const char lower = to_lower(c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

void append_hex(std::string &out, std::uint8_t byte);
void append_hex(std::string &out, std::span<const std::uint8_t> bytes);

[[nodiscard]] std::string hex(std::span<const std::uint8_t> bytes);

/** Nothing when the text has an odd length or another character. */
[[nodiscard]] std::optional<std::string> bytes_of_hex(std::string_view text);

} // namespace analytics::core
