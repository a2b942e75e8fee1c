#include "percent.hpp"

#include "../../runtime/json.hpp"
#include "ascii.hpp"

#include <charconv>

namespace analytics::http {

std::optional<std::string> percent_decoded(std::string_view text)
{
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        if (text.size() - i < 3) return std::nullopt;
        const char *digits = text.data() + i + 1;
        unsigned byte = 0;
        const auto [end, error] = std::from_chars(digits, digits + 2, byte, 16);
        if (error != std::errc{} || end != digits + 2) return std::nullopt;
        out += static_cast<char>(byte);
        i += 2;
    }
    if (out.find('\0') != std::string::npos || !runtime::is_utf8(out)) return std::nullopt;
    return out;
}

void append_percent_encoded(std::string &out, std::string_view text)
{
    constexpr std::string_view hex = "0123456789ABCDEF";
    for (const char c : text) {
        if (is_alphanumeric(c) || std::string_view("-._~").find(c) != std::string_view::npos) {
            out += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out += '%';
        out += hex[byte >> 4U];
        out += hex[byte & 0xFU];
    }
}

} // namespace analytics::http
