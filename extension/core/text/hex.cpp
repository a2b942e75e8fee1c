#include "hex.hpp"

namespace analytics::core {

void append_hex(std::string &out, std::uint8_t byte)
{
    constexpr std::string_view digits = "0123456789abcdef";
    out += digits[byte >> 4U];
    out += digits[byte & 0xFU];
}

void append_hex(std::string &out, std::span<const std::uint8_t> bytes)
{
    out.reserve(out.size() + 2 * bytes.size());
    for (const std::uint8_t byte : bytes) append_hex(out, byte);
}

std::string hex(std::span<const std::uint8_t> bytes)
{
    std::string out;
    append_hex(out, bytes);
    return out;
}

std::optional<std::string> bytes_of_hex(std::string_view text)
{
    if (text.size() % 2 != 0) return std::nullopt;
    std::string bytes;
    bytes.reserve(text.size() / 2);
    for (std::size_t at = 0; at < text.size(); at += 2) {
        const int high = hex_value(text[at]);
        const int low = hex_value(text[at + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        bytes += static_cast<char>(high * 16 + low);
    }
    return bytes;
}

} // namespace analytics::core
