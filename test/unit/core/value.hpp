/* A JSON value for comparisons: numbers keep their digits, members are sorted, and the last of duplicates stays.
 *
 * It is made in two ways that share no code: from our tape, and by RapidJSON's own reader (the oracle). */
#pragma once

#include "../../../extension/core/normalize.hpp"

#include <map>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace analytics::core {

struct Value {
    Kind kind = Kind::null;
    std::string text; // a string's characters, a number's digits as written
    std::vector<Value> elements;
    std::map<std::string, Value> members;

    bool operator==(const Value &other) const
    {
        return kind == other.kind && text == other.text && elements == other.elements && members == other.members;
    }
};

/** By RapidJSON; throws when it refuses the text. */
Value parsed(std::string_view json);

inline Value scalar(Kind kind, std::string_view text = {})
{
    Value value;
    value.kind = kind;
    value.text = text;
    return value;
}

inline Value value_of(const Document &document, std::uint32_t node)
{
    const Node &at = document[node];
    Value value;
    value.kind = at.kind;
    if (at.kind == Kind::string || at.kind == Kind::number) value.text = at.view();
    if (at.kind == Kind::array)
        for (std::uint32_t child = node + 1; child < at.end; child = document[child].end)
            value.elements.push_back(value_of(document, child));
    if (at.kind == Kind::object)
        for (std::uint32_t name = node + 1; name < at.end; name = document[name + 1].end)
            value.members.insert_or_assign(std::string(document[name].view()), value_of(document, name + 1));
    return value;
}

inline Value value_of(const Document &document, const Payload &payload)
{
    Value value = value_of(document, payload.object);
    for (const AddedMember &member : payload.added())
        value.members.insert_or_assign(std::string(member.name), scalar(member.kind, member.view()));
    return value;
}

inline std::string in_quotes(std::string_view text)
{
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

inline std::string printed(const Value &value)
{
    std::string out;
    switch (value.kind) {
    case Kind::null:
        return "null";
    case Kind::boolean_false:
        return "false";
    case Kind::boolean_true:
        return "true";
    case Kind::number:
        return value.text;
    case Kind::string:
        return in_quotes(value.text);
    case Kind::array:
        for (const Value &element : value.elements) out += (out.empty() ? "" : ",") + printed(element);
        return "[" + out + "]";
    case Kind::object:
        for (const auto &[name, member] : value.members)
            out += (out.empty() ? "" : ",") + in_quotes(name) + ":" + printed(member);
        return "{" + out + "}";
    }
    return out;
}

inline void PrintTo(const Value &value, std::ostream *out)
{
    *out << printed(value);
}

} // namespace analytics::core
