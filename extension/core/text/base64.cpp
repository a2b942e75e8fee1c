#include "base64.hpp"

#include <cstdint>

namespace analytics::core {

namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view url_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** Three bytes become four characters; a last group of one or two bytes becomes two or three. */
void append(std::string &out, std::string_view bytes, std::string_view characters)
{
    for (; !bytes.empty(); bytes.remove_prefix(bytes.size() < 3 ? bytes.size() : 3)) {
        std::uint32_t group = 0;
        for (std::size_t i = 0; i < 3; ++i)
            group = group << 8U | (i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0U);
        for (std::size_t i = 0; i < 4 && i <= bytes.size(); ++i) out += characters[group >> (18 - 6 * i) & 63U];
    }
}

} // namespace

void append_base64(std::string &out, std::string_view bytes)
{
    append(out, bytes, alphabet);
    out.append((3 - bytes.size() % 3) % 3, '=');
}

void append_base64url(std::string &out, std::string_view bytes)
{
    append(out, bytes, url_alphabet);
}

std::optional<std::string> bytes_of_base64url(std::string_view text)
{
    std::string bytes;
    std::uint32_t bits = 0;
    unsigned pending = 0; // bits read that are no byte yet
    for (const char c : text) {
        const std::size_t value = url_alphabet.find(c);
        if (value == std::string_view::npos) return std::nullopt;
        bits = bits << 6U | static_cast<std::uint32_t>(value);
        pending += 6;
        if (pending < 8) continue;
        pending -= 8;
        bytes += static_cast<char>(bits >> pending);
        bits &= (1U << pending) - 1;
    }
    if (pending >= 6 || bits != 0) return std::nullopt; // a character too many, or bits that nobody wrote
    return bytes;
}

} // namespace analytics::core
