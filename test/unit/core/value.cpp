#include "value.hpp"

#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <stdexcept>

namespace analytics::core {

namespace {

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

} // namespace

Value parsed(std::string_view json)
{
    rapidjson::MemoryStream stream(json.data(), json.size());
    rapidjson::Reader reader;
    Builder builder;
    if (reader.Parse<rapidjson::kParseNumbersAsStringsFlag>(stream, builder).IsError())
        throw std::runtime_error("the oracle refuses " + std::string(json));
    return std::move(builder.root);
}

} // namespace analytics::core
