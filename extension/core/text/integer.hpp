/* Whole numbers as text: decimal digits, and a minus sign where the type has one. */
#pragma once

#include <charconv>
#include <optional>
#include <string_view>

namespace analytics::core {

/** Nothing when the text is something else, also in part, or when the type can't hold the number. */
template <class Integer> [[nodiscard]] std::optional<Integer> integer_of(std::string_view text) noexcept
{
    Integer value = 0;
    const char *const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || stop != end) return std::nullopt;
    return value;
}

} // namespace analytics::core
