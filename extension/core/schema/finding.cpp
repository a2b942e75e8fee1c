#include "finding.hpp"

#include "../text/hex.hpp"
#include "../text/utf8.hpp"
#include "limits.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace analytics::core::schema {
namespace {

void append_string(std::string &out, std::string_view text)
{
    constexpr char first_printable = 0x20;
    out += '"';
    for (const char byte : text) {
        if (byte == '"' || byte == '\\') out += '\\';
        if (static_cast<unsigned char>(byte) >= first_printable) {
            out += byte;
        } else {
            out += "\\u00";
            append_hex(out, static_cast<std::uint8_t>(byte));
        }
    }
    out += '"';
}

/* Recursion ends with the text's length: each level adds a byte. */
void append_json(std::string &out, const Value &value, std::size_t most)
{
    if (out.size() > most) return;
    switch (value->kind) {
    case Kind::null:
        out += "null";
        return;
    case Kind::boolean_false:
        out += "false";
        return;
    case Kind::boolean_true:
        out += "true";
        return;
    case Kind::number:
        out += value->view().substr(0, most + 1);
        return;
    case Kind::string:
        return append_string(out, value->view().substr(0, most));
    case Kind::array:
    case Kind::object:
        break;
    }
    const bool is_object = value->kind == Kind::object;
    out += is_object ? '{' : '[';
    for (const Node *at = value.first(); at < value.end() && out.size() <= most; at = value.behind(at)) {
        if (at != value.first()) out += ", ";
        if (is_object) {
            append_string(out, (at++)->view().substr(0, most));
            out += ": ";
        }
        append_json(out, value.child(at), most);
    }
    out += is_object ? '}' : ']';
}

} // namespace

std::string storable(std::string_view text)
{
    std::string out(text);
    const auto is_odd = [](char byte) { return byte == 0 || static_cast<unsigned char>(byte) > 0x7F; };
    if (!is_storable_text(text)) std::replace_if(out.begin(), out.end(), is_odd, '?');
    return out;
}

void append_token(std::string &pointer, std::string_view token)
{
    pointer += '/';
    for (const char byte : storable(token)) {
        if (byte == '~')
            pointer += "~0";
        else if (byte == '/')
            pointer += "~1";
        else
            pointer += byte;
    }
}

std::string shortened(std::string text, std::size_t most)
{
    if (text.size() <= most) return text;
    text.resize(beginning_of(text, most).size());
    return text += "…";
}

std::string json_text(const Value &value, std::size_t most)
{
    std::string out;
    append_json(out, value, most);
    return shortened(std::move(out), most);
}

std::string pointer_to(const Document &document, std::uint32_t node)
{
    std::string pointer;
    for (std::uint32_t at = 0; at != node;) {
        const bool is_object = document[at].kind == Kind::object;
        std::uint32_t child = at + 1;
        for (std::uint32_t position = 0;; ++position) {
            const std::uint32_t value = is_object ? child + 1 : child;
            if (node < document[value].end) {
                append_token(pointer, is_object ? document[child].view() : std::to_string(position));
                at = value;
                break;
            }
            child = document[value].end;
        }
    }
    return shortened(std::move(pointer), longest_pointer);
}

} // namespace analytics::core::schema
