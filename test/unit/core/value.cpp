#include "value.hpp"

#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <stdexcept>

namespace analytics::core {

namespace {

Value scalar(Kind kind, std::string_view text = {})
{
    Value value;
    value.kind = kind;
    value.text = text;
    return value;
}

/** Builds a value from RapidJSON's events. */
struct Builder : rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Builder> {
    Value root;
    std::vector<Value *> open;
    std::vector<std::string> names;

    bool put(Value value)
    {
        place() = std::move(value);
        return true;
    }

    Value &place()
    {
        if (open.empty()) return root;
        if (open.back()->kind == Kind::array) return open.back()->elements.emplace_back();
        Value &member = open.back()->members[names.back()];
        names.pop_back();
        return member;
    }

    bool start(Kind kind)
    {
        Value &value = place();
        value = scalar(kind);
        open.push_back(&value);
        return true;
    }

    bool Null() { return put({}); }
    bool Bool(bool is_true) { return put(scalar(is_true ? Kind::boolean_true : Kind::boolean_false)); }
    bool RawNumber(const char *digits, rapidjson::SizeType size, bool)
    {
        return put(scalar(Kind::number, {digits, size}));
    }
    bool String(const char *text, rapidjson::SizeType size, bool) { return put(scalar(Kind::string, {text, size})); }
    bool Key(const char *name, rapidjson::SizeType size, bool)
    {
        names.emplace_back(name, size);
        return true;
    }
    bool StartObject() { return start(Kind::object); }
    bool StartArray() { return start(Kind::array); }
    bool EndObject(rapidjson::SizeType) { return end(); }
    bool EndArray(rapidjson::SizeType) { return end(); }
    bool end()
    {
        open.pop_back();
        return true;
    }
};

std::string quoted(std::string_view text)
{
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

} // namespace

bool Value::operator==(const Value &other) const
{
    return kind == other.kind && text == other.text && elements == other.elements && members == other.members;
}

Value value_of(const Document &document, std::uint32_t node)
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

Value value_of(const Document &document, const Payload &payload)
{
    Value value = value_of(document, payload.object);
    if (!payload.added_name.empty())
        value.members.insert_or_assign(std::string(payload.added_name),
                                       scalar(Kind::string, payload.added_text.view()));
    return value;
}

Value parsed(std::string_view json)
{
    rapidjson::MemoryStream stream(json.data(), json.size());
    rapidjson::Reader reader;
    Builder builder;
    if (reader.Parse<rapidjson::kParseNumbersAsStringsFlag>(stream, builder).IsError())
        throw std::runtime_error("the oracle refuses " + std::string(json));
    return std::move(builder.root);
}

std::string printed(const Value &value)
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
        return quoted(value.text);
    case Kind::array:
        for (const Value &element : value.elements) out += (out.empty() ? "" : ",") + printed(element);
        return "[" + out + "]";
    case Kind::object:
        for (const auto &[name, member] : value.members)
            out += (out.empty() ? "" : ",") + quoted(name) + ":" + printed(member);
        return "{" + out + "}";
    }
    return out;
}

void PrintTo(const Value &value, std::ostream *out)
{
    *out << printed(value);
}

} // namespace analytics::core
