#include "printable.hpp"

#include "utf8.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace analytics::core {
namespace {

struct Range {
    char32_t first, last;
};

constexpr std::array unprintable{
    Range{0x00, 0x1F},     // C0
    Range{0x7F, 0x9F},     // DEL, C1
    Range{0x061C, 0x061C}, // marks of direction
    Range{0x200E, 0x200F}, // likewise
    Range{0x2028, 0x202E}, // separators of lines; embeddings and overrides
    Range{0x2066, 0x2069}, // isolates
};

char32_t code_point_of(std::string_view character) noexcept
{
    constexpr unsigned bits_a_byte = 6;
    auto point = static_cast<unsigned char>(character.front()) &
                 (character.size() == 1 ? 0x7FU : 0x3FU >> (character.size() - 1));
    for (const char byte : character.substr(1))
        point = point << bits_a_byte | (static_cast<unsigned char>(byte) & 0x3FU);
    return point;
}

bool is_unprintable(std::string_view character) noexcept
{
    const char32_t point = code_point_of(character);
    return std::any_of(unprintable.begin(), unprintable.end(),
                       [point](const Range &range) { return range.first <= point && point <= range.last; });
}

/** The length of the character that well-formed text begins with. */
std::size_t length_of_first(std::string_view text) noexcept
{
    std::size_t length = 1;
    while (length < text.size() && continues_character(text[length])) ++length;
    return length;
}

} // namespace

std::string printable(std::string_view text)
{
    std::string out;
    while (!text.empty()) {
        std::string_view valid = text.substr(0, first_invalid_utf8(text));
        text.remove_prefix(valid.size());
        while (!valid.empty()) {
            const std::string_view character = valid.substr(0, length_of_first(valid));
            out += is_unprintable(character) ? "\xEF\xBF\xBD" : character;
            valid.remove_prefix(character.size());
        }
        if (text.empty()) break;
        out += '?';
        text.remove_prefix(1);
    }
    return out;
}

} // namespace analytics::core
