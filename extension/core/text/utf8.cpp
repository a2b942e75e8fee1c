#include "utf8.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace analytics::core {

namespace {

constexpr std::uint64_t high_bits = 0x8080808080808080;

/** How long a sequence with this lead byte is, and where its second byte must lie: there overlong forms, surrogates
 * and what exceeds U+10FFFF show (RFC 3629, section 4). */
struct Form {
    std::size_t length;
    unsigned char second_from;
    unsigned char second_to;
};

constexpr Form form_of(unsigned char lead) noexcept
{
    if (lead < 0xC2) return {0, 0, 0};
    if (lead < 0xE0) return {2, 0x80, 0xBF};
    if (lead == 0xE0) return {3, 0xA0, 0xBF};
    if (lead == 0xED) return {3, 0x80, 0x9F};
    if (lead < 0xF0) return {3, 0x80, 0xBF};
    if (lead == 0xF0) return {4, 0x90, 0xBF};
    if (lead < 0xF4) return {4, 0x80, 0xBF};
    if (lead == 0xF4) return {4, 0x80, 0x8F};
    return {0, 0, 0};
}

/** Length of the well-formed sequence beyond ASCII that rest begins with, or 0. */
std::size_t sequence_length(std::string_view rest) noexcept
{
    const auto byte = [rest](std::size_t at) { return static_cast<unsigned char>(rest[at]); };
    const Form form = form_of(byte(0));
    if (form.length == 0 || rest.size() < form.length) return 0;
    if (byte(1) < form.second_from || byte(1) > form.second_to) return 0;
    for (std::size_t at = 2; at < form.length; ++at)
        if (!continues_character(rest[at])) return 0;
    return form.length;
}

} // namespace

std::size_t first_invalid_utf8(std::string_view text) noexcept
{
    std::size_t at = 0;
    while (at < text.size()) {
        std::uint64_t block = 0;
        if (text.size() - at >= sizeof block) {
            std::memcpy(&block, text.data() + at, sizeof block);
            if ((block & high_bits) == 0) {
                at += sizeof block;
                continue;
            }
        }
        if (static_cast<unsigned char>(text[at]) < 0x80) {
            ++at;
            continue;
        }
        const std::size_t length = sequence_length(text.substr(at));
        if (length == 0) return at;
        at += length;
    }
    return at;
}

bool is_utf8(std::string_view text) noexcept
{
    return first_invalid_utf8(text) == text.size();
}

bool is_storable_text(std::string_view text) noexcept
{
    return is_utf8(text) && text.find('\0') == std::string_view::npos;
}

std::string_view beginning_of(std::string_view text, std::size_t most) noexcept
{
    if (text.size() <= most) return text;
    while (most > 0 && continues_character(text[most])) --most;
    return text.substr(0, most);
}

std::size_t count_characters(std::string_view text) noexcept
{
    return text.size() - static_cast<std::size_t>(std::count_if(text.begin(), text.end(), continues_character));
}

} // namespace analytics::core
