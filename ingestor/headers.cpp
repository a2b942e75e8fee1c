#include "headers.hpp"

#include "../runtime/json.hpp"

namespace analytics::ingestor {
namespace {

/* RFC 4648, section 4, with padding. */
void append_base64(std::string &out, std::string_view bytes)
{
    static constexpr char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const auto at = [&](std::size_t k) {
            return i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U;
        };
        const unsigned bits = at(0) << 16 | at(1) << 8 | at(2);
        const std::size_t given = bytes.size() - i;
        out += alphabet[bits >> 18];
        out += alphabet[bits >> 12 & 63];
        out += given > 1 ? alphabet[bits >> 6 & 63] : '=';
        out += given > 2 ? alphabet[bits & 63] : '=';
    }
}

void append_value(std::string &out, std::string_view value)
{
    if (value.find('\0') == std::string_view::npos && runtime::is_utf8(value)) {
        out += R"("value":)";
        runtime::append_json_string(out, value);
    } else {
        out += R"("base64":")";
        append_base64(out, value);
        out += '"';
    }
}

/* jsonb can't hold U+0000, and Kafka allows any bytes in a name: U+FFFD takes its place. */
void append_name(std::string &out, std::string_view name)
{
    std::string storable(name);
    for (char &c : storable)
        if (c == '\0') c = '\xFF'; // not UTF-8, hence written as U+FFFD
    out += R"({"name":)";
    runtime::append_json_string(out, storable);
    out += ',';
}

} // namespace

void append_headers(std::string &out, std::span<const Header> headers)
{
    out += '[';
    for (const Header &header : headers) {
        if (&header != headers.data()) out += ',';
        append_name(out, header.name);
        if (header.value)
            append_value(out, *header.value);
        else
            out += R"("value":null)";
        out += '}';
    }
    out += ']';
}

} // namespace analytics::ingestor
