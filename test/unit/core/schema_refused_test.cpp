/* Schemas that are refused: by name, with the place. */
#include "judged.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace analytics::core::schema {
namespace {

struct Row {
    const char *name;
    std::string schema;
    std::string fault;
};

class Refused : public testing::TestWithParam<Row> {};

TEST_P(Refused, WithNameAndPlace)
{
    EXPECT_EQ(fault_of(GetParam().schema), GetParam().fault);
}

INSTANTIATE_TEST_SUITE_P(
    Keywords, Refused,
    testing::ValuesIn(std::vector<Row>{
        {"id", R"({"$id": "x"})", R"("$id" is not supported at "/$id")"},
        {"anchor", R"({"$defs": {"a": {"$anchor": "x"}}})", R"("$anchor" is not supported at "/$defs/a/$anchor")"},
        {"dynamic", R"({"items": {"$dynamicRef": "#"}})", R"("$dynamicRef" is not supported at "/items/$dynamicRef")"},
        {"unevaluated", R"({"unevaluatedItems": false})",
         R"("unevaluatedItems" is not supported at "/unevaluatedItems")"},
        {"misspelt", R"({"properties": {"a/b": {"requierd": []}}})",
         R"("requierd" is not supported at "/properties/a~1b/requierd")"},
        {"of_another_draft", R"({"definitions": {}})", R"("definitions" is not supported at "/definitions")"},
        {"in_unused_definitions", R"({"$defs": {"a": {"x": 1}}})", R"("x" is not supported at "/$defs/a/x")"},
        {"long_word", "{\"" + std::string(1000, 'x') + "\": 1}",
         '"' + std::string(200, 'x') + "…\" is not supported at \"/" + std::string(299, 'x') + "…\""},
        {"no_text", R"({"\ud800\u0000": 1})", R"("????" is not supported at "/????")"},
        {"dialect", R"({"$schema": "http://json-schema.org/draft-07/schema#"})",
         R"("$schema" must be "https://json-schema.org/draft/2020-12/schema" at "/$schema")"},
    }),
    [](const auto &info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Values, Refused,
    testing::ValuesIn(std::vector<Row>{
        {"no_schema", "[]", R"(the schema must be a schema: an object, true or false at "")"},
        {"no_json", "{", R"(the schema can't be read: missing a member name at byte 1 at "")"},
        {"type", R"({"type": "text"})", R"("type" must be a type, or an array of types at "/type")"},
        {"no_types", R"({"type": []})", R"("type" must be a type, or an array of types at "/type")"},
        {"type_twice", R"({"type": ["null", "null"]})", R"("type" must not have a name twice at "/type")"},
        {"enum", R"({"enum": 1})", R"("enum" must be an array at "/enum")"},
        {"minimum", R"({"minimum": "1"})", R"("minimum" must be a number at "/minimum")"},
        {"multiple_of_zero", R"({"multipleOf": 0})",
         R"("multipleOf" must be greater than 0, and have at most 18 significant digits at "/multipleOf")"},
        {"long_divisor", R"({"multipleOf": 1.234567890123456789})",
         R"("multipleOf" must be greater than 0, and have at most 18 significant digits at "/multipleOf")"},
        {"length", R"({"minLength": -1})", R"("minLength" must be an integer that is not negative at "/minLength")"},
        {"fraction", R"({"maxItems": 1.5})", R"("maxItems" must be an integer that is not negative at "/maxItems")"},
        {"unique", R"({"uniqueItems": 1})", R"("uniqueItems" must be true or false at "/uniqueItems")"},
        {"required", R"({"required": "a"})", R"("required" must be an array of names at "/required")"},
        {"required_number", R"({"required": ["a", 1]})", R"("required" must be an array of names at "/required")"},
        {"required_twice", R"({"required": ["a", "a"]})", R"("required" must not have a name twice at "/required")"},
        {"dependent", R"({"dependentRequired": {"a": 1}})",
         R"("dependentRequired" must be an array of names at "/dependentRequired/a")"},
        {"properties", R"({"properties": []})", R"("properties" must be an object at "/properties")"},
        {"property", R"({"properties": {"a": 1}})",
         R"("properties" must be a schema: an object, true or false at "/properties/a")"},
        {"items_of_old", R"({"items": [{}]})", R"("items" must be a schema: an object, true or false at "/items")"},
        {"all_of_nothing", R"({"allOf": []})", R"("allOf" must be an array of schemas at "/allOf")"},
        {"title", R"({"title": 1})", R"("title" must be a string at "/title")"},
        {"read_only", R"({"readOnly": "yes"})", R"("readOnly" must be true or false at "/readOnly")"},
        {"huge_number", R"({"maximum": 1e999999999})",
         R"(the schema has a number out of numeric's range at byte 12 at "")"},
    }),
    [](const auto &info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    References, Refused,
    testing::ValuesIn(std::vector<Row>{
        {"remote", R"({"$ref": "http://example.org/"})",
         R"("$ref" must be "#" or "#/json/pointer", to a place in the same schema at "/$ref")"},
        {"anchor", R"({"$ref": "#a"})",
         R"("$ref" must be "#" or "#/json/pointer", to a place in the same schema at "/$ref")"},
        {"half_an_escape", R"({"$ref": "#/%4"})",
         R"("$ref" must be "#" or "#/json/pointer", to a place in the same schema at "/$ref")"},
        {"nowhere", R"({"$ref": "#/$defs/a"})", R"("$ref" points to no schema at "/$ref")"},
        {"to_a_number", R"({"$ref": "#/minimum", "minimum": 1})", R"("$ref" points to no schema at "/$ref")"},
        {"itself", R"({"$ref": "#"})", R"(the schema refers to itself without an end at "")"},
        {"a_ring", R"({"$defs": {"a": {"not": {"$ref": "#/$defs/b"}}, "b": {"allOf": [{"$ref": "#/$defs/a"}]}}})",
         R"(the schema refers to itself without an end at "/$defs/a")"},
        {"a_ring_by_members", R"({"dependentSchemas": {"a": {"$ref": "#"}}})",
         R"(the schema refers to itself without an end at "")"},
    }),
    [](const auto &info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Patterns, Refused,
    testing::ValuesIn(std::vector<Row>{
        {"no_pattern", R"({"pattern": 1})", R"("pattern" must be a string at "/pattern")"},
        {"unbalanced", R"({"pattern": "("})",
         R"("pattern" has a pattern that RE2 does not take: missing ): ( at "/pattern")"},
        {"look_ahead", R"x({"pattern": "(?=a)"})x",
         R"("pattern" has a pattern that RE2 does not take: invalid perl operator: (?= at "/pattern")"},
        {"back_reference", R"({"patternProperties": {"(a)\\1": true}})",
         R"("patternProperties" has a pattern that RE2 does not take: invalid escape sequence: \1)"
         R"( at "/patternProperties/(a)\1")"},
        {"half_a_category", R"({"pattern": "\\p{Letter"})",
         R"("pattern" has a pattern that RE2 does not take: invalid character class range: \p{Letter at "/pattern")"},
        {"half_an_escape", R"({"pattern": "\\"})",
         R"("pattern" has a pattern that RE2 does not take: trailing \ at "/pattern")"},
        {"half_a_unicode_escape", R"({"pattern": "\\u00"})",
         R"("pattern" has a pattern that RE2 does not take: invalid escape sequence: \u at "/pattern")"},
        {"huge", R"({"pattern": "(x{1000}){1000}"})",
         R"("pattern" has a pattern that RE2 does not take: invalid repetition size: {1000} at "/pattern")"},
        {"long", R"({"pattern": ")" + std::string(5000, 'x') + "\"}",
         R"("pattern" has a pattern that RE2 does not take: longer than 4096 bytes at "/pattern")"},
    }),
    [](const auto &info) { return info.param.name; });

} // namespace
} // namespace analytics::core::schema
