#include "json.hpp"

#include <cstddef>

namespace analytics::runtime {
namespace {

bool in(unsigned char byte, unsigned char low, unsigned char high)
{
    return byte >= low && byte <= high;
}

/* Bytes of the UTF-8 sequence at the start, 0 when there is none: RFC 3629, section 4. */
std::size_t sequence(std::string_view bytes)
{
    const auto at = [&](std::size_t i) { return i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0U; };
    const auto tail = [&](std::size_t i) { return in(static_cast<unsigned char>(at(i)), 0x80, 0xBF); };
    const auto lead = static_cast<unsigned char>(at(0));
    const auto second = static_cast<unsigned char>(at(1));

    if (lead < 0x80) return bytes.empty() ? 0 : 1;
    if (in(lead, 0xC2, 0xDF)) return tail(1) ? 2 : 0;
    if (in(lead, 0xE0, 0xEF)) {
        const bool fits = in(second, lead == 0xE0 ? 0xA0 : 0x80, lead == 0xED ? 0x9F : 0xBF);
        return fits && tail(2) ? 3 : 0;
    }
    if (in(lead, 0xF0, 0xF4)) {
        const bool fits = in(second, lead == 0xF0 ? 0x90 : 0x80, lead == 0xF4 ? 0x8F : 0xBF);
        return fits && tail(2) && tail(3) ? 4 : 0;
    }
    return 0;
}

void append_escaped(std::string &out, char character)
{
    static constexpr char hex[] = "0123456789abcdef";
    switch (character) {
    case '"':
        out += "\\\"";
        break;
    case '\\':
        out += "\\\\";
        break;
    case '\n':
        out += "\\n";
        break;
    case '\r':
        out += "\\r";
        break;
    case '\t':
        out += "\\t";
        break;
    default: {
        const auto byte = static_cast<unsigned char>(character);
        if (byte >= 0x20 && byte != 0x7F) {
            out += character;
        } else {
            out += "\\u00";
            out += hex[byte >> 4];
            out += hex[byte & 0xF];
        }
    }
    }
}

} // namespace

bool is_utf8(std::string_view bytes) noexcept
{
    while (!bytes.empty()) {
        const std::size_t size = sequence(bytes);
        if (size == 0) return false;
        bytes.remove_prefix(size);
    }
    return true;
}

void append_json_string(std::string &out, std::string_view bytes)
{
    out += '"';
    while (!bytes.empty()) {
        const std::size_t size = sequence(bytes);
        if (size == 1)
            append_escaped(out, bytes.front());
        else if (size == 0)
            out += "\xEF\xBF\xBD";
        else
            out.append(bytes.substr(0, size));
        bytes.remove_prefix(size == 0 ? 1 : size);
    }
    out += '"';
}

} // namespace analytics::runtime
