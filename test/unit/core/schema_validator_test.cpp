/* What a finding says: place, keyword, what was expected; and that a payload is judged as it is stored. The verdicts
 * themselves are the suite's (schema_suite_test.cpp). */
#include "judged.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace analytics::core::schema {
namespace {

struct Row {
    const char *name;
    const char *schema;
    const char *payload;
    const char *finding;
};

class SchemaFinding : public testing::TestWithParam<Row> {};

TEST_P(SchemaFinding, SaysWhereAndWhat)
{
    EXPECT_EQ(judged(GetParam().schema, GetParam().payload), GetParam().finding);
}

INSTANTIATE_TEST_SUITE_P(
    Keywords, SchemaFinding,
    testing::ValuesIn(std::vector<Row>{
        {"nothing", R"({"type": "object"})", "{}", ""},
        {"type", R"({"properties": {"total": {"type": "number"}}})", R"({"total": "5"})", R"("/total" type number)"},
        {"types", R"({"type": ["string", "null"]})", "5", R"("" type ["string", "null"])"},
        {"integer", R"({"type": "integer"})", "1.5", R"("" type integer)"},
        {"constant", R"({"const": {"a": "x"}})", "5", R"("" const {"a": "x"})"},
        {"choices", R"({"items": {"enum": ["a", 1]}})", R"(["a", 1.0, "b"])", R"("/2" enum ["a", 1])"},
        {"minimum", R"({"minimum": 1e400})", "1e399", R"("" minimum 1e400)"},
        {"exclusive_minimum", R"({"exclusiveMinimum": 1})", "1.0", R"("" exclusiveMinimum 1)"},
        {"maximum", R"({"maximum": 1})", "1.0000000000000000000000001", R"("" maximum 1)"},
        {"exclusive_maximum", R"({"exclusiveMaximum": 0})", "-0.0", R"("" exclusiveMaximum 0)"},
        {"multiple", R"({"multipleOf": 0.01})", "12.345", R"("" multipleOf 0.01)"},
        {"characters", R"({"maxLength": 2})", R"("äöü")", R"("" maxLength 2)"},
        {"few_characters", R"({"minLength": 3})", R"("äö")", R"("" minLength 3)"},
        {"pattern", R"({"pattern": "^\\d+$"})", R"("secret")", R"("" pattern ^\d+$)"},
        {"elements", R"({"maxItems": 0})", "[1]", R"("" maxItems 0)"},
        {"unique", R"({"uniqueItems": true})", R"([{"a": 1, "b": 2}, {"b": 2.0, "a": 1}])", R"("" uniqueItems true)"},
        {"prefix", R"({"prefixItems": [true, {"type": "null"}]})", "[1, 1]", R"("/1" type null)"},
        {"no_more_items", R"({"prefixItems": [true], "items": false})", "[1, 1]", R"("/1" items false)"},
        {"contains", R"({"contains": {"const": 1}})", "[2]", R"("" contains {"const": 1})"},
        {"contains_few", R"({"contains": {"const": 1}, "minContains": 2})", "[1]", R"("" minContains 2)"},
        {"contains_many", R"({"contains": {"const": 1}, "maxContains": 1})", "[1, 1]", R"("" maxContains 1)"},
        {"required", R"({"properties": {"a": {"required": ["b", "c"]}}})", R"({"a": {"b": 1}})", R"("/a" required c)"},
        {"dependent", R"({"dependentRequired": {"a": ["b"]}})", R"({"a": 1})", R"("" dependentRequired b)"},
        {"additional", R"({"properties": {"a": true}, "additionalProperties": false})", R"({"zz": 1, "a": 1, "b": 1})",
         R"("/b" additionalProperties false)"},
        {"by_pattern", R"({"patternProperties": {"^n": {"type": "number"}}})", R"({"n1": 1, "n2": "1"})",
         R"("/n2" type number)"},
        {"names", R"({"propertyNames": {"maxLength": 1}})", R"({"a": 1, "bb": 1})",
         R"("/bb" propertyNames {"maxLength": 1})"},
        {"members", R"({"minProperties": 1})", "{}", R"("" minProperties 1)"},
        {"never", "false", "1", R"("" false false)"},
        {"never_there", R"({"properties": {"a": false}})", R"({"a": 1})", R"("/a" properties false)"},
        {"all", R"({"allOf": [{"type": "number"}, {"minimum": 5}]})", "4", R"("" minimum 5)"},
        {"any", R"({"anyOf": [{"minimum": 5}, {"type": "null"}]})", "4",
         R"("" anyOf [{"minimum": 5}, {"type": "null"}])"},
        {"one", R"({"oneOf": [true, true]})", "4", R"("" oneOf [true, true])"},
        {"not", R"({"not": {"type": "number"}})", "4", R"("" not {"type": "number"})"},
        {"then", R"({"if": {"minimum": 5}, "then": {"maximum": 7}})", "8", R"("" maximum 7)"},
        {"else", R"({"if": {"minimum": 5}, "else": {"maximum": 3}})", "4", R"("" maximum 3)"},
        {"reference", R"({"$defs": {"id": {"minLength": 2}}, "properties": {"id": {"$ref": "#/$defs/id"}}})",
         R"({"id": "x"})", R"("/id" minLength 2)"},
        {"escaped", R"({"additionalProperties": {"items": {"type": "null"}}})", R"({"a/b~c": [null, 1]})",
         R"("/a~1b~0c/1" type null)"},
    }),
    [](const auto &info) { return info.param.name; });

TEST(SchemaValidator, TakesTheLastOfDuplicates)
{
    constexpr const char *schema = R"({"properties": {"a": {"type": "null"}}, "maxProperties": 2,
                                       "additionalProperties": {"type": "number"}, "minProperties": 2})";
    EXPECT_EQ(judged(schema, R"({"a": 1, "b": "x", "b": 1, "a": null})"), "");
    EXPECT_EQ(judged(schema, R"({"a": null, "b": 1, "b": "x"})"), R"("/b" type number)");
    EXPECT_EQ(judged(schema, R"({"a": 1, "a": null})"), R"("" minProperties 2)");
    EXPECT_EQ(judged(R"({"const": {"a": 1}})", R"({"a": 2, "a": 1})"), "");
}

TEST(SchemaValidator, JudgesMembersThatAreAdded)
{
    constexpr const char *schema = R"({"properties": {"version": {"const": 2}, "at": {"type": "string"}},
                                       "required": ["at", "version"], "additionalProperties": false})";
    const std::array added{AddedMember{"version", 2}, AddedMember{"at", IsoText{"x", 1}}};
    EXPECT_EQ(judged(schema, "{}", added), "");
    EXPECT_EQ(judged(schema, R"({"at": 5, "version": 1})", added), "");
    EXPECT_EQ(judged(schema, R"({"b": 5, "version": 1})", added), R"("/b" additionalProperties false)");
    EXPECT_EQ(judged(R"({"maxProperties": 1})", R"({"at": 5})", added), R"("" maxProperties 1)");
    EXPECT_EQ(judged(R"({"const": {"version": 2, "at": "x"}})", R"({"at": 5})", added), "");
    EXPECT_EQ(judged(R"({"properties": {"in": {"minProperties": 1}}})", R"({"in": {}})", added),
              R"("/in" minProperties 1)");
    EXPECT_EQ(judged(R"({"propertyNames": {"pattern": "^v"}})", "{}", added),
              R"("/at" propertyNames {"pattern": "^v"})");
}

TEST(SchemaValidator, ShortensWhatItShows)
{
    const std::string long_name(1000, 'n');
    const std::string finding = judged(R"({"additionalProperties": false})", "{\"" + long_name + "\": 1}");
    EXPECT_LT(finding.size(), 400U);
    EXPECT_THAT(finding, testing::HasSubstr("nnn…\" additionalProperties false"));
    const std::string list = "[\"" + std::string(1000, 'v') + "\"]";
    EXPECT_LT(judged(R"({"enum": )" + list + "}", "1").size(), 300U);
}

TEST(SchemaValidator, ShowsTextsThatADatabaseCanHold)
{
    EXPECT_EQ(judged(R"({"additionalProperties": false})", R"({"a\u0000\ud800b": 1})"),
              R"("/a????b" additionalProperties false)");
}

TEST(SchemaValidator, TakesPatternsOfJavaScript)
{
    EXPECT_EQ(judged(R"({"pattern": "^\\p{Letter}+\\u0021\\\\u0021$"})", R"("abcé!\\u0021")"), "");
    EXPECT_EQ(judged(R"({"pattern": "^[\\P{Number}]$"})", R"("1")"), R"("" pattern ^[\P{Number}]$)");
}

} // namespace
} // namespace analytics::core::schema
