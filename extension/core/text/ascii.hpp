/* ASCII without a locale: what grammars of headers, URLs and numbers ask of a character or a text. */
#pragma once

#include <algorithm>
#include <string_view>

namespace analytics::core {

[[nodiscard]] constexpr bool is_digit(char c) noexcept
{
    return c >= '0' && c <= '9';
}

[[nodiscard]] constexpr bool is_alphanumeric(char c) noexcept
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

[[nodiscard]] constexpr char to_lower(char c) noexcept
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

[[nodiscard]] constexpr bool equals_ignoring_case(std::string_view text, std::string_view other) noexcept
{
    return std::equal(text.begin(), text.end(), other.begin(), other.end(),
                      [](char a, char b) { return to_lower(a) == to_lower(b); });
}

/** The text without the blanks at its ends. */
[[nodiscard]] constexpr std::string_view trimmed(std::string_view text, std::string_view blanks = " \t") noexcept
{
    const std::size_t first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/** Cuts the part before the separator, and the separator, off the front of the text; all of it when there is none. */
[[nodiscard]] constexpr std::string_view take_until(char separator, std::string_view &text) noexcept
{
    const std::string_view piece = text.substr(0, text.find(separator));
    text.remove_prefix(std::min(piece.size() + 1, text.size()));
    return piece;
}

/** The next item of a comma list, likewise, without the blanks around it. */
[[nodiscard]] constexpr std::string_view take_item(std::string_view &list) noexcept
{
    return trimmed(take_until(',', list));
}

} // namespace analytics::core
