/* Random schemas and payloads: a payload has one finding, however it is written and whoever judged before. */
#include "judged.hpp"
#include "seed.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>

namespace analytics::core::schema {
namespace {

/** Small values of few names, so that schemas meet what they speak of. */
class Writer {
public:
    explicit Writer(std::mt19937_64 &random) : random_(random) {}

    std::string value(int depth)
    {
        static constexpr std::array scalars{"null",   "true",  "false", "0",      "1",     "2",
                                            "1.0",    "10e-1", "1.5",   "-3",     "1e3",   "1000.0",
                                            "1e-400", "\"\"",  "\"a\"", "\"bb\"", "\"äé\""};
        if (depth == 0 || below(3) == 0) return scalars.at(below(scalars.size()));
        std::string out;
        const bool is_object = below(2) == 0;
        for (std::size_t i = below(4); i > 0; --i) {
            if (!out.empty()) out += ", ";
            if (is_object) out += name() + ": ";
            out += value(depth - 1);
        }
        return is_object ? "{" + out + "}" : "[" + out + "]";
    }

    std::string schema(int depth)
    {
        if (depth == 0) return below(4) == 0 ? "false" : "true";
        std::map<std::string, std::string> members;
        for (std::size_t i = 1 + below(3); i > 0; --i) members.insert(keyword(depth - 1));
        std::string out;
        for (const auto &[key, text] : members) out += (out.empty() ? "\"" : ", \"") + key + "\": " + text;
        return "{" + out + "}";
    }

private:
    std::size_t below(std::size_t bound) { return random_() % bound; }

    std::string name()
    {
        static constexpr std::array names{"\"a\"", "\"b\"", "\"bb\"", "\"\"", "\"ä\""};
        return names.at(below(names.size()));
    }

    std::string schemas(int depth) { return "[" + schema(depth) + ", " + schema(depth) + "]"; }

    std::pair<std::string, std::string> keyword(int depth)
    {
        static constexpr std::array types{"\"null\"", "\"integer\"", "\"number\"", "[\"object\", \"array\"]",
                                          "\"string\""};
        const std::string count = std::to_string(below(4));
        switch (below(26)) {
        case 0:
            return {"type", types.at(below(types.size()))};
        case 1:
            return {"const", value(2)};
        case 2:
            return {"enum", "[" + value(1) + ", " + value(2) + ", 1]"};
        case 3:
            return {"minimum", "1.0"};
        case 4:
            return {"exclusiveMaximum", "1e3"};
        case 5:
            return {"multipleOf", "0.5"};
        case 6:
            return {"minLength", count};
        case 7:
            return {"maxLength", count};
        case 8:
            return {"pattern", "\"^[ab]*$\""};
        case 9:
            return {"minItems", count};
        case 10:
            return {"uniqueItems", "true"};
        case 11:
            return {"prefixItems", schemas(depth)};
        case 12:
            return {"items", schema(depth)};
        case 13:
            return {"contains", schema(depth)};
        case 14:
            return {"maxContains", count};
        case 15:
            return {"properties", "{" + name() + ": " + schema(depth) + "}"};
        case 16:
            return {"required", "[" + name() + "]"};
        case 17:
            return {"maxProperties", count};
        case 18:
            return {"minProperties", count};
        case 19:
            return {"dependentSchemas", "{" + name() + ": " + schema(depth) + "}"};
        case 20:
            return {"patternProperties", "{\"^b\": " + schema(depth) + "}"};
        case 21:
            return {"additionalProperties", schema(depth)};
        case 22:
            return {"propertyNames", schema(depth)};
        case 23:
            return {"anyOf", schemas(depth)};
        case 24:
            return {"oneOf", schemas(depth)};
        default:
            return {"not", schema(depth)};
        }
    }

    std::mt19937_64 &random_;
};

/** The value as jsonb would hold it: names sorted, of duplicates the last, numbers written in another way. */
std::string as_stored(const Value &value)
{
    std::string out;
    if (value->kind == Kind::array) {
        for (const Node *at = value.first(); at < value.end(); at = value.behind(at))
            out += (out.empty() ? "" : ",") + as_stored(value.child(at));
        return "[" + out + "]";
    }
    if (value->kind == Kind::object) {
        std::map<std::pair<std::size_t, std::string>, std::string> members;
        for (const Node *at = value.first(); at < value.end(); at = value.behind(at + 1))
            members[{at->size, std::string(at->view())}] = as_stored(value.child(at + 1));
        for (const auto &[name, member] : members) out += (out.empty() ? "\"" : ",\"") + name.second + "\":" + member;
        return "{" + out + "}";
    }
    if (value->kind == Kind::number) {
        const std::string text(value->view());
        if (text.find_first_of(".e") == std::string::npos) return text + ".00";
        return text.find('e') == std::string::npos ? text + "000e0" : text;
    }
    return json_text(value, 1000);
}

TEST(SchemaProperty, APayloadAndItsStoredFormHaveTheSameFinding)
{
    std::mt19937_64 random = seeded();
    Writer writer(random);
    Document document, stored;
    Validator kept;
    int findings = 0;
    for (int i = 0; i < 30'000; ++i) {
        const std::string schema_text = writer.schema(3);
        const std::string payload = writer.value(3);
        const Schema schema = compiled(schema_text);
        ASSERT_FALSE(document.read(payload, Limits{}));
        const std::string other = as_stored({&document[0], &document[0]});
        ASSERT_FALSE(stored.read(other, Limits{}));
        const std::string finding = shown(kept.check(schema, document, 0));
        ASSERT_EQ(shown(kept.check(schema, stored, 0)), finding) << schema_text << '\n' << payload << '\n' << other;
        ASSERT_EQ(judged(schema, payload), finding) << schema_text << '\n' << payload;
        const std::string negated = judged("{\"not\": " + schema_text + "}", payload);
        ASSERT_EQ(negated.empty(), !finding.empty()) << schema_text << '\n' << payload;
        findings += finding.empty() ? 0 : 1;
    }
    EXPECT_GT(findings, 5'000);
    EXPECT_LT(findings, 28'000);
}

} // namespace
} // namespace analytics::core::schema
