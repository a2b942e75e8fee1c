/* A tape as text to compare by, and the check of its structure; both also for the fuzz target.
 *
 * The text shows everything: order, duplicates, digits as written. Bytes of a string that are not printable ASCII are
 * shown as \xHH: {'a':1,'a':[null,-0.0e5,'\xC3\xA9']} */
#pragma once

#include "../../../extension/core/json.hpp"

#include <string>

namespace analytics::core {

inline std::string shown(std::string_view text)
{
    static constexpr char hex[] = "0123456789ABCDEF";
    std::string out = "'";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte < 0x7F && c != '\'' && c != '\\')
            out += c;
        else
            ((out += "\\x") += hex[byte / 16]) += hex[byte % 16];
    }
    return out + "'";
}

inline std::string tape_text(const Document &document, std::uint32_t index = 0)
{
    const Node &node = document[index];
    switch (node.kind) {
    case Kind::null:
        return "null";
    case Kind::boolean_false:
        return "false";
    case Kind::boolean_true:
        return "true";
    case Kind::number:
        return std::string(node.view());
    case Kind::string:
        return shown(node.view());
    case Kind::array:
    case Kind::object:
        break;
    }
    const bool is_object = node.kind == Kind::object;
    std::string out;
    for (std::uint32_t at = index + 1; at < node.end; at = document[at].end) {
        if (!out.empty()) out += ',';
        if (is_object) out += tape_text(document, at++) + ':';
        out += tape_text(document, at);
    }
    return is_object ? "{" + out + "}" : "[" + out + "]";
}

/** What is wrong with the subtree's structure, nothing when it is sound: subtrees tile their parents, counts are true,
 * names are strings, leaves hold what their kind says. */
inline std::string tape_fault(const Document &document, std::uint32_t index = 0)
{
    const Node &node = document[index];
    const std::string here = " at node " + std::to_string(index);
    if (node.end <= index || node.end > document.size()) return "end out of range" + here;
    const bool is_text = node.kind == Kind::number || node.kind == Kind::string;
    if (is_text != (node.text != nullptr)) return "text where there is none, or none where there is" + here;
    if (node.kind == Kind::number && node.size == 0) return "a number without digits" + here;
    if (node.kind != Kind::array && node.kind != Kind::object) {
        if (!is_text && node.size != 0) return "a size where there is none" + here;
        return node.end == index + 1 ? "" : "a leaf with a subtree" + here;
    }
    std::uint32_t children = 0;
    std::uint32_t at = index + 1;
    while (at < node.end) {
        if (node.kind == Kind::object) {
            if (document[at].kind != Kind::string) return "a name that is no string" + here;
            ++at;
            if (at >= node.end) return "a name without a value" + here;
        }
        if (const std::string fault = tape_fault(document, at); !fault.empty()) return fault;
        at = document[at].end;
        ++children;
    }
    if (at != node.end) return "a subtree that leaves its parent" + here;
    return children == node.size ? "" : "a count that is not true" + here;
}

} // namespace analytics::core
