#include "json.hpp"

#include "../extension/core/text/hex.hpp"
#include "../extension/core/text/utf8.hpp"

namespace analytics::runtime {
namespace {

void append_escaped(std::string &out, char character)
{
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
    default:
        if (const auto byte = static_cast<unsigned char>(character); byte >= 0x20 && byte != 0x7F)
            out += character;
        else
            core::append_hex(out += "\\u00", byte);
    }
}

} // namespace

void append_json_string(std::string &out, std::string_view bytes)
{
    out += '"';
    while (!bytes.empty()) {
        const std::string_view valid = bytes.substr(0, core::first_invalid_utf8(bytes));
        for (const char character : valid) append_escaped(out, character);
        bytes.remove_prefix(valid.size());
        if (bytes.empty()) break;
        out += "\xEF\xBF\xBD";
        bytes.remove_prefix(1);
    }
    out += '"';
}

} // namespace analytics::runtime
