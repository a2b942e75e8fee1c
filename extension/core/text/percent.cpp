#include "percent.hpp"

#include "hex.hpp"
#include "utf8.hpp"

namespace analytics::core {

std::optional<std::string> percent_decoded(std::string_view text)
{
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] != '%') {
            out += text[at];
            continue;
        }
        const std::optional<std::string> byte = bytes_of_hex(text.substr(at + 1, 2));
        if (!byte || byte->empty()) return std::nullopt;
        out += *byte;
        at += 2;
    }
    return out;
}

std::optional<std::string> percent_decoded_text(std::string_view text)
{
    std::optional<std::string> decoded = percent_decoded(text);
    if (decoded && !is_storable_text(*decoded)) return std::nullopt;
    return decoded;
}

void append_percent_encoded(std::string &out, std::string_view text, std::string_view plain)
{
    constexpr std::string_view digits = "0123456789ABCDEF"; // upper case, as RFC 3986 recommends
    constexpr std::string_view unreserved = "-._~";         // and letters and digits
    for (const char c : text) {
        if (is_alphanumeric(c) || unreserved.find(c) != std::string_view::npos ||
            plain.find(c) != std::string_view::npos) {
            out += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        out += '%';
        out += digits[byte >> 4U];
        out += digits[byte & 0xFU];
    }
}

} // namespace analytics::core
