/* What a refused record would be: the sentence for each keyword of a schema, for a contract, for shapes and for
 * members. And what holds of each sentence, whatever the names and the values are: it is short, it is printable, and it
 * never has a value of the record. */
#include "../../../extension/core/would_be.hpp"

#include "../../../extension/core/schema/compiler.hpp"
#include "../../../extension/core/schema/condition_text.hpp"
#include "../../../extension/core/text/utf8.hpp"
#include "judged.hpp"
#include "seed.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

namespace analytics::core {
namespace {

struct Row {
    const char *keyword;
    const char *schema;
    const char *payload;
    const char *condition;
};

std::optional<schema::Finding> finding_of(std::string_view schema, std::string_view payload)
{
    const schema::Schema compiled = schema::compiled(schema);
    Document document;
    EXPECT_FALSE(document.read(payload, Limits{})) << payload;
    schema::Validator validator;
    return validator.check(compiled, document, 0);
}

const std::vector<Row> &rows()
{
    static const std::vector<Row> all{
        {"type", R"({"properties": {"total": {"type": "number"}}})", R"({"total": "5"})", "`total` were a number"},
        {"type", R"({"type": ["string", "null", "integer"]})", "1.5", "it were null or an integer or a string"},
        {"const", R"({"properties": {"a": {"const": {"b": "x"}}}})", R"({"a": 4711})", R"(`a` were {"b": "x"})"},
        {"enum", R"({"items": {"enum": ["a", 1]}})", "[4711]", R"(`0` were one of ["a", 1])"},
        {"minimum", R"({"properties": {"a": {"items": {"minimum": 0}}}})", R"({"a": [1, -4711]})",
         "`/a/1` were at least 0"},
        {"exclusiveMinimum", R"({"exclusiveMinimum": 5000})", "4711", "it were more than 5000"},
        {"maximum", R"({"maximum": 1.5})", "4711", "it were at most 1.5"},
        {"exclusiveMaximum", R"({"exclusiveMaximum": 0})", "4711", "it were less than 0"},
        {"multipleOf", R"({"multipleOf": 0.01})", "0.4711", "it were a multiple of 0.01"},
        {"minLength", R"({"minLength": 10})", R"("4711")", "it had at least 10 characters"},
        {"maxLength", R"({"maxLength": 1})", R"("4711")", "it had at most 1 character"},
        {"pattern", R"({"pattern": "^[a-z]+$"})", R"("4711")", "it matched the pattern ^[a-z]+$"},
        {"minItems", R"({"minItems": 2})", "[4711]", "it had at least 2 elements"},
        {"maxItems", R"({"maxItems": 1})", "[4711, 4711]", "it had at most 1 element"},
        {"uniqueItems", R"({"uniqueItems": true})", "[4711, 4711]", "it had no element twice"},
        {"contains", R"({"contains": {"const": 1}})", "[4711]", R"(it had an element that fits {"const": 1})"},
        {"minContains", R"({"contains": {"const": 1}, "minContains": 2})", "[1, 4711]",
         "it had at least 2 elements of the kind that it must contain"},
        {"maxContains", R"({"contains": {"const": 4711}, "maxContains": 1})", "[4711, 4711]",
         "it had at most 1 element of the kind that it must contain"},
        {"prefixItems", R"({"prefixItems": [false]})", "[4711]", "`0` were absent"},
        {"items", R"({"items": false})", "[4711]", "`0` were absent"},
        {"required", R"({"required": ["currency"]})", R"({"a": 4711})", "it had `currency`"},
        {"required", R"({"properties": {"a": {"required": ["b"]}}})", R"({"a": {}})", "`a` had `b`"},
        {"dependentRequired", R"({"dependentRequired": {"a": ["b"]}})", R"({"a": 4711})", "it had `b`"},
        {"minProperties", R"({"minProperties": 2})", R"({"a": 4711})", "it had at least 2 members"},
        {"maxProperties", R"({"maxProperties": 1})", R"({"a": 4711, "b": 4711})", "it had at most 1 member"},
        {"properties", R"({"properties": {"a": false}})", R"({"a": 4711})", "`a` were absent"},
        {"patternProperties", R"({"patternProperties": {"^a": false}})", R"({"ab": 4711})", "`ab` were absent"},
        {"additionalProperties", R"({"additionalProperties": false})", R"({"a/b": 4711})", "`a/b` were absent"},
        {"propertyNames", R"({"propertyNames": {"maxLength": 1}})", R"({"ab": 4711})",
         R"(`ab` had a name that fits {"maxLength": 1})"},
        {"dependentSchemas", R"({"properties": {"o": {"dependentSchemas": {"a": false}}}})", R"({"o": {"a": 4711}})",
         "`o` were absent"},
        {"allOf", R"({"allOf": [false]})", "4711", "its contract let any payload through"},
        {"anyOf", R"({"anyOf": [{"type": "null"}]})", "4711", R"(it fitted one of [{"type": "null"}])"},
        {"oneOf", R"({"oneOf": [true, true]})", "4711", "it fitted exactly one of [true, true]"},
        {"not", R"({"not": {"type": "number"}})", "4711", R"(it did not fit {"type": "number"})"},
        {"then", R"({"if": true, "then": false})", "4711", "its contract let any payload through"},
        {"else", R"({"if": false, "else": false})", "4711", "its contract let any payload through"},
        {"$ref", R"({"$defs": {"no": false}, "properties": {"a": {"$ref": "#/$defs/no"}}})", R"({"a": 4711})",
         "`a` were absent"},
        {"false", "false", "4711", "its contract let any payload through"},
    };
    return all;
}

TEST(ConditionText, IsPlainEnglishForEachKeyword)
{
    for (const Row &row : rows()) {
        const auto finding = finding_of(row.schema, row.payload);
        ASSERT_TRUE(finding) << row.schema;
        EXPECT_EQ(finding->keyword, row.keyword) << row.schema;
        EXPECT_EQ(schema::condition_text(*finding), row.condition) << row.schema;
        EXPECT_THAT(schema::condition_text(*finding), testing::Not(testing::HasSubstr("4711"))) << row.schema;
    }
}

TEST(ConditionText, KnowsEverySupportedKeyword)
{
    std::set<std::string_view> silent{"$schema",         "$defs",         "if",       "$comment",
                                      "title",           "description",   "format",   "default",
                                      "contentEncoding", "contentSchema", "examples", "contentMediaType",
                                      "deprecated",      "readOnly",      "writeOnly"};
    for (const Row &row : rows()) silent.insert(row.keyword);
    for (const schema::Keyword &keyword : schema::all_keywords())
        EXPECT_TRUE(silent.contains(keyword.name)) << keyword.name;
}

TEST(ConditionText, SaysWhenThePayloadWasNotJudged)
{
    EXPECT_EQ(schema::condition_text({"", "budget", "at most 1000010 steps"}),
              "it took at most 1000010 steps to judge");
}

Contract contract_of(ContractMode mode, const char *schema = "true")
{
    return {.event_type = "order.placed",
            .version = 2,
            .mode = mode,
            .schema = std::make_shared<const ContractSchema>(schema)};
}

struct Judged {
    std::string would_be, because, detail;
    bool is_refused = false;
    std::optional<Version> version;
};

Judged judged(const std::string &record, std::vector<Contract> list = {},
              ContractMode unregistered = ContractMode::accept)
{
    static const Shapes shapes{{.name = "constant",
                                .event_type = "user.registered",
                                .source = "s",
                                .required = {"userId", "email"},
                                .not_null = {"at"},
                                .null_or_absent = {"error"},
                                .absent = {"draft"},
                                .time_member = "at"},
                               {.name = "hook",
                                .source = "s",
                                .event_type_member = "kind",
                                .required = {"hook"},
                                .conditions = read_conditions(R"({"/data/version": [1, "a"]})")}};
    const Contracts contracts(std::move(list));
    Normalizer normalizer(shapes, {}, {86'400'000'000, -1}, {&contracts, unregistered});
    const Verdict &verdict = normalizer.normalize(record, IngestionTime{1'763'294'400'000'000});
    return {would_be(verdict, normalizer.considered()), verdict.violation ? because(*verdict.violation) : "",
            verdict.refusal.detail, bool(verdict.refusal), verdict.version};
}

std::string order(const std::string &payload, const std::string &type = "order.placed.v2")
{
    return R"({"eventType":")" + type + R"(","source":"s","payload":)" + payload + "}";
}

TEST(WouldBe, SaysWhatAContractAsksFor)
{
    const std::vector<Contract> enforced{
        contract_of(ContractMode::enforce, R"({"properties":{"total":{"type":"number"}}})")};
    const Judged refused = judged(order(R"({"total":"4711"})"), enforced);
    EXPECT_EQ(refused.would_be, "would be `order.placed` v2 if `total` were a number");
    EXPECT_EQ(refused.because, "");
    EXPECT_EQ(refused.version, 2);
    EXPECT_EQ(judged(order(R"({"total":1})"), enforced).would_be, "");
}

TEST(WouldBe, SaysWhichVersionsAndTypesAreOver)
{
    Contract over = contract_of(ContractMode::refuse);
    EXPECT_EQ(judged(order("{}"), {over}).would_be, "would be `order.placed` if it had a version other than 2");
    EXPECT_EQ(judged(order("{}"), {over}).because, "version 2 is over");
    over.valid_from = 1'763'294'400'000'000;
    EXPECT_EQ(judged(order("{}"), {over}).because, "version 2 is over since 2025-11-16T12:00:00Z");

    const Judged other = judged(order("{}", "order.placed.v3"), {over}, ContractMode::refuse);
    EXPECT_EQ(other.would_be, "would be `order.placed` if it had a version that has a contract");
    EXPECT_EQ(other.because, "no contract registers version 3");
    EXPECT_EQ(other.version, 3);
    const Judged unknown = judged(order("{}", "secret"), {over}, ContractMode::refuse);
    EXPECT_EQ(unknown.would_be, "would be an event if it had a type that has a contract");
    EXPECT_EQ(unknown.because, "no contract registers the event type");
}

TEST(WouldBe, IsEmptyForAnEvent)
{
    const Judged observed = judged(order("{}"), {contract_of(ContractMode::observe, "false")});
    EXPECT_FALSE(observed.is_refused);
    EXPECT_EQ(observed.would_be, "");
    EXPECT_EQ(judged(order("{}", "x")).would_be, "");
}

TEST(WouldBe, SaysWhatTheClosestShapeLacks)
{
    EXPECT_EQ(judged(R"({"userId":1,"at":0})").would_be, "would be `user.registered` if it had `email`");
    EXPECT_EQ(judged(R"({"at":null,"error":"x","draft":0,"eventType":1})").would_be,
              "would be an event if it had `payload`");
    EXPECT_EQ(judged("{}").would_be, "would be an event if it had `eventType` and `payload`");
    EXPECT_EQ(judged(R"({"hook":1,"data":{"version":4711}})").would_be,
              "would be an event of the shape `hook` if `/data/version` were one of 1, \"a\"");
    EXPECT_EQ(judged(R"({"userId":1,"email":2,"at":null})").would_be,
              "would be `user.registered` if `at` were not null");
    EXPECT_EQ(judged(R"({"userId":1,"email":2,"at":5,"error":3})").would_be,
              "would be `user.registered` if `error` were null or absent");
    EXPECT_EQ(judged(R"({"userId":1,"email":2,"at":4,"draft":3})").would_be,
              "would be `user.registered` if `draft` were absent");
}

TEST(WouldBe, SaysWhatAMemberMustBe)
{
    EXPECT_EQ(judged(R"({"eventType":"t","payload":4711})").would_be, "would be an event if it had `source`");
    EXPECT_EQ(judged(R"({"eventType":"t","source":null,"payload":4711})").would_be,
              "would be an event if `source` were not null");
    EXPECT_EQ(judged(R"({"eventType":4711,"source":"s","payload":1})").would_be,
              "would be an event if `eventType` were a string of 1 to 120 characters");
    EXPECT_EQ(judged(R"({"userId":1,"email":2,"at":"4711 o'clock"})").would_be,
              "would be `user.registered` if `at` were an instant in the years 0001 to 9999");
    EXPECT_EQ(judged(R"({"hook":1,"data":{"version":1}})").would_be,
              "would be an event of the shape `hook` if it had `kind`");
    const Judged late = judged(R"({"userId":1,"email":2,"at":"2031-01-01T00:00:00Z"})");
    EXPECT_THAT(late.detail, testing::HasSubstr(", and is "));
    EXPECT_EQ(late.would_be, "would be `user.registered` if `at` were at most 1 day ahead of the ingestion time");
}

TEST(WouldBe, IsEmptyWhereNoMemberIsToBlame)
{
    for (const char *record :
         {"", "[1]", "{", R"("text")", "\xFF", R"({"eventType":"t","source":"s","payload":{"a":"\u0000"}})"}) {
        EXPECT_TRUE(judged(record).is_refused) << record;
        EXPECT_EQ(judged(record).would_be, "") << record;
    }
}

TEST(WouldBe, ForgetsTheRecordBefore)
{
    const Contracts contracts({contract_of(ContractMode::enforce, "false")});
    Normalizer normalizer({}, {}, {}, {&contracts});
    EXPECT_NE(would_be(normalizer.normalize(order("{}")), normalizer.considered()), "");
    EXPECT_EQ(would_be(normalizer.normalize("{"), normalizer.considered()), "");
    EXPECT_FALSE(normalizer.normalize("{").version);
    EXPECT_EQ(would_be(normalizer.normalize_tombstone(), normalizer.considered()), "");
}

TEST(Version, OfAnEventIsKnownWithoutContracts)
{
    Normalizer normalizer({}, {});
    const auto version_of = [&](const std::string &record) {
        EXPECT_FALSE(normalizer.normalize(record).refusal);
        return normalizer.version();
    };
    EXPECT_EQ(version_of(order("{}", "a.v7")), 7);
    EXPECT_EQ(version_of(order(R"({"version":3})", "a")), 3);
    EXPECT_EQ(version_of(order(R"({"version":"x"})", "a")), 1);
}

/** A JSON text with the bytes of a name, or of a value. */
std::string json_string(std::string_view bytes)
{
    std::string text = "\"";
    for (const char byte : bytes) {
        if (byte == '"' || byte == '\\') text += '\\';
        constexpr std::string_view digits = "0123456789abcdef";
        if (static_cast<unsigned char>(byte) < 0x20)
            text.append("\\u00") += {digits[static_cast<unsigned char>(byte) >> 4U], digits[byte & 0xF]};
        else
            text += byte;
    }
    return text += '"';
}

/** What breaks a line, a terminal or a page, and what ends a name. */
std::string hostile_text(std::mt19937_64 &random)
{
    static const std::vector<std::string> parts{"\n",
                                                "\r",
                                                "\x1B[2J",
                                                "\x7F",
                                                "\xC2\x85",
                                                "\xE2\x80\xA8",
                                                "\xE2\x80\xAE",
                                                "\xE2\x81\xA6",
                                                "`",
                                                "'",
                                                "\"",
                                                "\\",
                                                "/",
                                                "~0",
                                                "~1",
                                                "<b>",
                                                "name",
                                                "ä",
                                                "€",
                                                "\xF0\x9F\x98\x80",
                                                std::string(200, 'x'),
                                                std::string(1, '\0'),
                                                "%s",
                                                ": "};
    std::string text;
    for (std::size_t more = random() % 12; more > 0; --more) text += parts[random() % parts.size()];
    return text;
}

void expect_harmless(const std::string &sentence)
{
    EXPECT_LE(sentence.size(), longest_sentence + std::string_view("…").size());
    EXPECT_TRUE(is_storable_text(sentence));
    for (const char *forbidden :
         {"\n", "\r", "\x1B", "\x7F", "\xC2\x85", "\xE2\x80\xA8", "\xE2\x80\xAE", "\xE2\x81\xA6"})
        EXPECT_THAT(sentence, testing::Not(testing::HasSubstr(forbidden)));
    EXPECT_THAT(sentence, testing::Not(testing::HasSubstr("s3cret")));
}

TEST(WouldBeProperty, IsShortPrintableAndWithoutValuesWhateverTheNames)
{
    std::mt19937_64 random = seeded();
    int sentences = 0;
    for (int round = 0; round < 2'000; ++round) {
        const std::string name = json_string(hostile_text(random));
        const std::string other = json_string(hostile_text(random));
        const std::vector<std::string> schemas{
            R"({"required":[)" + name + "]}", R"({"additionalProperties":{"enum":[)" + other + "]}}",
            R"({"additionalProperties":{"items":{"type":"null"}}})", R"({"propertyNames":{"const":)" + other + "}}",
            R"({"additionalProperties":false})"};
        const std::string record = order("{" + other + ":[\"s3cret\"]}");
        const Judged one =
            judged(record, {contract_of(ContractMode::enforce, schemas[random() % schemas.size()].c_str())});
        expect_harmless(one.would_be);
        if (!one.would_be.empty()) ++sentences;
    }
    EXPECT_GT(sentences, 1'000);
}

TEST(WouldBeProperty, IsShortAndPrintableWhateverTheShapes)
{
    std::mt19937_64 random = seeded();
    for (int round = 0; round < 2'000; ++round) {
        Shape shape{
            .name = hostile_text(random), .source = "s", .required = {hostile_text(random), hostile_text(random)}};
        if (random() % 2 == 0) shape.event_type = hostile_text(random);
        if (random() % 2 == 0)
            shape.conditions = read_conditions("{" + json_string("c" + hostile_text(random)) + ":[" +
                                               json_string(hostile_text(random)) + "]}");
        for (int more = 0; more < 20; ++more) shape.absent.push_back(hostile_text(random));
        const Shapes shapes{shape};
        Normalizer normalizer(shapes, {});
        const Verdict &verdict = normalizer.normalize(R"({"eventType2":"s3cret"})");
        expect_harmless(would_be(verdict, normalizer.considered()));
    }
}

} // namespace
} // namespace analytics::core
