/* Schemas and payloads made to take long: each is refused, or ends within its budget. Time is not measured here, but
 * steps; what a step takes at worst is in limits.hpp. */
#include "../../../extension/core/schema/pattern.hpp"
#include "judged.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace analytics::core::schema {
namespace {

std::string repeated(std::string_view text, int times)
{
    std::string out;
    for (; times > 0; --times) out += text;
    return out;
}

std::string array_of(std::string_view element, int times)
{
    return "[" + repeated(std::string(element) + ",", times) + "null]";
}

/** The schemas a0 … an under $defs, each made of the next by a text with two %, and the whole, a reference to a0. */
std::string chain(int length, std::string_view link)
{
    std::string out = R"({"$ref": "#/$defs/a0", "$defs": {)";
    for (int i = 0; i < length; ++i) {
        out += "\"a" + std::to_string(i) + "\": ";
        for (const char byte : link)
            out += byte == '%' ? "{\"$ref\": \"#/$defs/a" + std::to_string(i + 1) + "\"}" : std::string(1, byte);
        out += ", ";
    }
    return out + "\"a" + std::to_string(length) + "\": true}}";
}

/** Coin tosses of a and b. */
std::string tosses(std::size_t size)
{
    std::string out;
    for (unsigned state = 1; out.size() < size; state = state * 1'103'515'245 + 12'345) out += "ab"[state >> 30U & 1U];
    return out;
}

struct Row {
    const char *name;
    std::string schema;
};

class HostileSchema : public testing::TestWithParam<Row> {};

TEST_P(HostileSchema, IsRefused)
{
    EXPECT_NE(fault_of(GetParam().schema), "");
}

INSTANTIATE_TEST_SUITE_P(Cases, HostileSchema,
                         testing::ValuesIn(std::vector<Row>{
                             {"two_to_the_sixty", chain(60, R"({"allOf": [%, %]})")},
                             {"two_to_the_twenty", chain(20, R"({"anyOf": [%, %]})")},
                             {"long_chain", chain(101, R"({"not": %})")},
                             {"very_long_chain", chain(5000, R"({"allOf": [%]})")},
                             {"deep", repeated(R"({"items": )", 200) + "true" + repeated("}", 200)},
                             {"wide", R"({"allOf": [)" + repeated("{},", 11'000) + "{}]}"},
                             {"large", R"({"title": ")" + std::string(300'000, 'x') + "\"}"},
                             {"nested_repetition", R"({"pattern": "((((a{100}){100}){100}){100}){100}"})"},
                             {"classes_counted", R"({"pattern": "^\\p{L}{100}$"})"},
                             {"open_parentheses", R"({"pattern": ")" + repeated("(", 4000) + "\"}"},
                         }),
                         [](const auto &info) { return info.param.name; });

TEST(HostileSchemas, MayHaveOnlySoManyPatterns)
{
    std::string schema = R"({"allOf": [)";
    for (int i = 0; i < 65; ++i) schema += R"({"pattern": "a)" + std::to_string(i) + "\"},";
    EXPECT_NE(fault_of(schema + "true]}"), "");
    EXPECT_EQ(fault_of(R"({"allOf": [)" + repeated(R"({"pattern": "a"},)", 1000) + "true]}"), "");
}

struct Pair {
    const char *name;
    std::string schema;
    std::string payload;
    bool exhausts;
};

class HostilePair : public testing::TestWithParam<Pair> {};

TEST_P(HostilePair, EndsWithinItsBudget)
{
    const Schema schema = compiled(GetParam().schema);
    Document payload;
    ASSERT_FALSE(payload.read(GetParam().payload, {.max_bytes = std::size_t{1} << 26, .max_depth = 1024}));
    Validator validator;
    const auto finding = validator.check(schema, payload, 0);
    EXPECT_EQ(finding && finding->keyword == "budget", GetParam().exhausts) << shown(finding);
    EXPECT_EQ(shown(validator.check(schema, payload, 0)), shown(finding)); // nothing is left of the first time
}

const std::string both_ways =
    R"({"anyOf": [{"items": {"$ref": "#"}, "maxItems": 0}, {"items": {"$ref": "#"}, "minItems": 1},)"
    R"( {"type": "null"}]})";

INSTANTIATE_TEST_SUITE_P(
    Cases, HostilePair,
    testing::ValuesIn(std::vector<Pair>{
        {"nested_plus", R"({"pattern": "(a+)+$"})", '"' + std::string(100'000, 'a') + "b\"", false},
        {"exponential_states", R"({"items": {"not": {"pattern": "(a|b)*a(a|b){100}c"}}})",
         array_of('"' + tosses(1000) + '"', 900), true},
        {"thrashing", R"({"items": {"not": {"pattern": "(a?){200}(a|b){100}c"}}})",
         array_of('"' + tosses(20) + '"', 40'000), true},
        {"a_state_a_byte", R"({"items": {"not": {"pattern": "(a?){20}(a|b){20}c"}}})",
         array_of('"' + tosses(100) + '"', 200), true},
        {"half_as_many_states", R"({"items": {"not": {"pattern": "(a?){20}(a|b){20}c"}}})",
         array_of('"' + tosses(100) + '"', 100), false},
        {"two_to_the_depth", R"({"items": {"anyOf": [{"$ref": "#"}, {"$ref": "#"}], "type": "array"}, "minItems": 1})",
         repeated("[", 60) + repeated("]", 60), true},
        {"recursive", both_ways, repeated("[", 20) + "null" + repeated("]", 20), false},
        {"deep", R"({"items": {"$ref": "#"}})", repeated("[", 400) + repeated("]", 400), false},
        {"too_deep", R"({"items": {"$ref": "#"}})", repeated("[", 1000) + repeated("]", 1000), true},
        {"deep_constant", R"({"const": )" + repeated("[", 100) + repeated("]", 100) + "}",
         repeated("[", 100) + repeated("]", 100), false},
        {"unique", R"({"uniqueItems": true})", array_of("{\"a\": [1, 2]}", 1), false},
        {"many_schemas", R"({"items": {"allOf": [)" + repeated("{\"minimum\": 0},", 4000) + "true]}}",
         array_of("1", 100'000), true},
        {"many_names", R"({"propertyNames": {"maxLength": 1}, "additionalProperties": true, "minProperties": 3})",
         "{" + repeated("\"a\": 1,", 100'000) + "\"b\": 1}", false},
    }),
    [](const auto &info) { return info.param.name; });

int asked = 0;
int most_asked = 0;

bool is_enough() noexcept
{
    return ++asked > most_asked;
}

/** A large payload has steps for seconds, so its judgement asks every million of them whether it is to end. */
TEST(HostilePayload, IsGivenUpAtEachMillionOfSteps)
{
    const Schema schema = compiled(R"({"items": {"allOf": [)" + repeated("{\"minimum\": 0},", 4000) + "true]}}");
    Document payload;
    ASSERT_FALSE(payload.read(array_of("1", 400'000), {.max_bytes = std::size_t{1} << 26}));
    Validator validator(&is_enough);
    for (most_asked = 0; most_asked < 4; ++most_asked) {
        asked = 0;
        EXPECT_THROW(static_cast<void>(validator.check(schema, payload, 0)), Interrupted);
        EXPECT_GE(validator.steps(), (most_asked + 1) * 1'000'000);
        EXPECT_LT(validator.steps(), (most_asked + 1) * 1'000'000 + 400'000);
    }
    most_asked = 1000;
    asked = 0;
    EXPECT_EQ(shown(validator.check(schema, payload, 0)), judged(schema, array_of("1", 400'000)));
    EXPECT_EQ(asked, 5); // of five millions of steps
}

TEST(HostilePayload, OfFewStepsIsNeverGivenUp)
{
    asked = most_asked = 0;
    Document payload;
    ASSERT_FALSE(payload.read("[1, 2]", {}));
    Validator validator(&is_enough);
    EXPECT_FALSE(validator.check(compiled(R"({"items": {"type": "number"}})"), payload, 0));
    EXPECT_EQ(asked, 0);
}

/** Two visits of an instruction are a step, of 30 ns: so no pattern takes much longer than the steps of a budget do. */
TEST(HostilePattern, IsPricedByItsVisits)
{
    for (const char *text : {"(a?){10}(a|b){10}c", "(a?){20}(a|b){20}c", "(a?){200}(a|b){100}c", "((a|b)?){300}c"}) {
        const auto made = Pattern::compile(text);
        const auto &pattern = std::get<Pattern>(made);
        for (const std::size_t size : {0, 1, 10, 50, 100, 10'000, 1 << 20})
            EXPECT_GE(2 * pattern.steps(tosses(size)), size * pattern.instructions() + 18) << text << ' ' << size;
    }
}

TEST(HostilePayload, OfAnHonestSchemaStaysFarFromTheBudget)
{
    constexpr const char *schema = R"({"type": "array", "items": {"type": ["object", "null"], "required": ["id", "n"],
        "properties": {"id": {"type": "string", "minLength": 1}, "n": {"type": "number", "minimum": 0}},
        "additionalProperties": false}})";
    EXPECT_EQ(judged(schema, array_of(R"({"id": "x", "n": 12.5})", 50'000)), "");
    EXPECT_EQ(judged(R"({"pattern": "^[A-Za-z0-9+/]*={0,2}$"})", '"' + std::string(1'000'000, 'A') + '"'), "");
    EXPECT_EQ(judged(R"({"multipleOf": 0.01})", std::string(1'000'000, '9')), "");
}

} // namespace
} // namespace analytics::core::schema
