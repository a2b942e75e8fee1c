/* Refused records: every reason, its detail, and which reason wins when several apply. */
#include "../../../extension/core/normalize.hpp"

#include "seed.hpp"
#include "shipped_shapes.hpp"
#include "verdict_text.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace analytics::core {
namespace {

struct Refused {
    const char *name;
    std::string input;
    Reason reason;
    std::string detail = {}; // empty: any but none
    Limits limits = {};
    TimeLimits time_limits = {};
};

void PrintTo(const Refused &row, std::ostream *out)
{
    *out << row.input;
}

std::string nested(std::size_t levels, std::string_view open, std::string_view inside, std::string_view close)
{
    std::string all;
    for (std::size_t i = 0; i < levels; ++i) all += open;
    all += inside;
    for (std::size_t i = 0; i < levels; ++i) all += close;
    return all;
}

std::string canonical(std::string_view more)
{
    return R"({"eventType":"t","source":"s","payload":{})" + std::string(more) + "}";
}

std::string with_payload(std::string_view payload)
{
    return R"({"eventType":"t","source":"s","payload":)" + std::string(payload) + "}";
}

std::string quoted(std::size_t count, std::string_view text)
{
    return "\"" + nested(count, text, "", "") + "\"";
}

constexpr const char *grin = R"(\ud83d\ude00)"; // one character
const std::string type_rule = "eventType: must be a string of 1 to 120 characters";
const std::string source_rule = "source: must be a string of 1 to 120 characters";
const std::string tenant_rule = "tenantId: must be a string of 1 to 64 characters";
constexpr std::int64_t hour = 3'600'000'000;
constexpr TimeLimits a_day_and_an_hour{.max_future = 24 * hour, .max_past = hour};
const std::string id_rule = "eventId: must be a string of 1 to 200 characters";
const std::string over = "\"\" version: expected a version other than 1";
const std::vector<Contract> version_1_is_over{{.event_type = "over", .mode = ContractMode::refuse}};
const std::string time_rule = "occurredAt: must be an instant in the years 0001 to 9999";
constexpr const char *guide = R"({"guideId":1,"challengeId":2)";

const std::vector<Refused> rows{
    {"over_the_limit", "{\"a\":1}", Reason::too_large, {}, {.max_bytes = 6}},
    {"a_blank_over_the_limit", "{} ", Reason::too_large, {}, {.max_bytes = 2}},
    {"an_event_over_the_limit", canonical(""), Reason::too_large, {}, {.max_bytes = 42}},
    {"over_the_default_limit", quoted((1 << 20) - 1, "x"), Reason::too_large},

    {"overlong", "{\"a\":\"\xC0\xAF\"}", Reason::invalid_utf8},
    {"surrogate_in_utf8", "{\"a\":\"\xED\xA0\x80\"}", Reason::invalid_utf8},
    {"truncated_sequence", "{\"a\":\"\xE2\x82\"}", Reason::invalid_utf8},
    {"above_unicode", "{\"a\":\"\xF4\x90\x80\x80\"}", Reason::invalid_utf8},
    {"latin_1", "{\"gr\xF6\xDF\x65\":1}", Reason::invalid_utf8},
    {"broken_outside_of_strings", "{} \xFF", Reason::invalid_utf8},

    {"empty", "", Reason::invalid_json},
    {"blank", " \n\t", Reason::invalid_json},
    {"byte_order_mark", "\xEF\xBB\xBF{}", Reason::invalid_json},
    {"two_values", "{} {}", Reason::invalid_json},
    {"single_quotes", "{'a':1}", Reason::invalid_json},
    {"comment", "{/*a*/}", Reason::invalid_json},

    {"deep_arrays", nested(65, "[", "", "]"), Reason::too_deep},
    {"deep_objects", nested(65, "{\"a\":", "1", "}"), Reason::too_deep},
    {"deep_payload", canonical(",\"a\":" + nested(64, "[", "", "]")), Reason::too_deep},
    {"deep_by_a_smaller_limit", canonical(""), Reason::too_deep, {}, {.max_depth = 1}},

    {"array", "[]", Reason::not_an_object, "expected an object, found an array"},
    {"array_of_an_event", "[" + canonical("") + "]", Reason::not_an_object, "expected an object, found an array"},
    {"text", "\"eventType\"", Reason::not_an_object, "expected an object, found a string"},
    {"number", "-1.5e3", Reason::not_an_object, "expected an object, found a number"},
    {"boolean_true", "true", Reason::not_an_object, "expected an object, found a boolean"},
    {"boolean_false", "false", Reason::not_an_object, "expected an object, found a boolean"},
    {"null", " null ", Reason::not_an_object, "expected an object, found null"},

    {"no_member", "{}", Reason::unknown_shape, "neither canonical nor of any known shape"},
    {"unknown_members", R"({"foo":1,"bar":{"eventType":"t","source":"s","payload":{}}})", Reason::unknown_shape},
    {"event_type_alone", R"({"eventType":"t","source":"s"})", Reason::unknown_shape},
    {"payload_alone", R"({"source":"s","payload":{}})", Reason::unknown_shape},
    {"other_case", R"({"EventType":"t","source":"s","payload":{}})", Reason::unknown_shape},
    {"shape_lacks_a_member", R"({"guideId":1,"occurredAt":0})", Reason::unknown_shape},
    {"shape_lacks_its_time", R"({"guideId":1,"challengeId":2})", Reason::unknown_shape},
    {"shape_in_the_payload_only", R"({"payload":{"guideId":1,"challengeId":2,"occurredAt":0}})", Reason::unknown_shape},

    {"no_source", R"({"eventType":"t","payload":{}})", Reason::missing_field, "source: is required"},
    {"source_null", R"({"eventType":"t","source":null,"payload":{}})", Reason::missing_field,
     "source: must not be null"},
    {"event_type_null", R"({"eventType":null,"source":"s","payload":{}})", Reason::missing_field,
     "eventType: must not be null"},
    {"payload_null", R"({"eventType":"t","source":"s","payload":null})", Reason::missing_field,
     "payload: must not be null"},
    {"all_null", R"({"eventType":null,"payload":null})", Reason::missing_field, "eventType: must not be null"},
    {"last_source_null", R"({"eventType":"t","source":"s","payload":{},"source":null})", Reason::missing_field,
     "source: must not be null"},
    {"last_event_type_null", R"({"eventType":"t","source":"s","payload":{},"eventType":null})", Reason::missing_field,
     "eventType: must not be null"},
    {"no_source_though_a_shape", R"({"eventType":1,"payload":1,"guideId":1,"challengeId":2,"occurredAt":0})",
     Reason::missing_field, "source: is required"},

    {"event_type_empty", R"({"eventType":"","source":"s","payload":{}})", Reason::invalid_field, type_rule},
    {"event_type_number", R"({"eventType":1,"source":"s","payload":{}})", Reason::invalid_field, type_rule},
    {"event_type_boolean", R"({"eventType":true,"source":"s","payload":{}})", Reason::invalid_field, type_rule},
    {"event_type_array", R"({"eventType":["t"],"source":"s","payload":{}})", Reason::invalid_field, type_rule},
    {"event_type_of_121", "{\"eventType\":" + quoted(121, "x") + R"(,"source":"s","payload":{}})",
     Reason::invalid_field, type_rule},
    {"event_type_of_121_pairs", "{\"eventType\":" + quoted(121, grin) + R"(,"source":"s","payload":{}})",
     Reason::invalid_field, type_rule},
    {"event_type_of_121_wide", "{\"eventType\":" + quoted(121, "é") + R"(,"source":"s","payload":{}})",
     Reason::invalid_field, type_rule},
    {"source_empty", R"({"eventType":"t","source":"","payload":{}})", Reason::invalid_field, source_rule},
    {"source_object", R"({"eventType":"t","source":{},"payload":{}})", Reason::invalid_field, source_rule},
    {"source_of_121", R"({"eventType":"t","payload":{},"source":)" + quoted(121, "x") + "}", Reason::invalid_field,
     source_rule},
    {"payload_array", R"({"eventType":"t","source":"s","payload":[1]})", Reason::invalid_field,
     "payload: must be an object"},
    {"payload_text", R"({"eventType":"t","source":"s","payload":"{}"})", Reason::invalid_field,
     "payload: must be an object"},
    {"payload_number", R"({"eventType":"t","source":"s","payload":0})", Reason::invalid_field,
     "payload: must be an object"},
    {"payload_false", R"({"eventType":"t","source":"s","payload":false})", Reason::invalid_field,
     "payload: must be an object"},
    {"last_payload_array", R"({"payload":{},"eventType":"t","source":"s","payload":[]})", Reason::invalid_field,
     "payload: must be an object"},
    {"tenant_empty", canonical(R"(,"tenantId":"")"), Reason::invalid_field, tenant_rule},
    {"tenant_number", canonical(R"(,"tenantId":7)"), Reason::invalid_field, tenant_rule},
    {"tenant_of_65", canonical(",\"tenantId\":" + quoted(65, "n")), Reason::invalid_field, tenant_rule},
    {"tenant_of_65_pairs", canonical(",\"tenantId\":" + quoted(65, grin)), Reason::invalid_field, tenant_rule},
    {"event_id_empty", canonical(R"(,"eventId":"")"), Reason::invalid_field, id_rule},
    {"event_id_number", canonical(R"(,"eventId":7)"), Reason::invalid_field, id_rule},
    {"event_id_of_201", canonical(",\"eventId\":" + quoted(201, "k")), Reason::invalid_field, id_rule},
    {"event_id_bad_beside_the_payloads", R"({"eventId":7,"eventType":"t","source":"s","payload":{"eventId":"k"}})",
     Reason::invalid_field, id_rule},
    {"tenant_of_a_shape_empty", guide + std::string(R"(,"occurredAt":0,"tenantId":""})"), Reason::invalid_field,
     tenant_rule},
    {"tenant_of_a_shape_object", guide + std::string(R"(,"occurredAt":0,"tenantId":{}})"), Reason::invalid_field,
     tenant_rule},
    {"tenant_of_a_shape_of_65", guide + std::string(",\"occurredAt\":0,\"tenantId\":") + quoted(65, "ä") + "}",
     Reason::invalid_field, tenant_rule},
    {"first_of_the_members", R"({"eventType":"","source":"","payload":[],"tenantId":"","eventId":""})",
     Reason::invalid_field, type_rule},
    {"tenant_before_event_id", canonical(R"(,"eventId":"","tenantId":"")"), Reason::invalid_field, tenant_rule},

    {"time_word", canonical(R"(,"occurredAt":"now")"), Reason::invalid_timestamp, time_rule},
    {"time_empty", canonical(R"(,"occurredAt":"")"), Reason::invalid_timestamp, time_rule},
    {"time_boolean", canonical(R"(,"occurredAt":false)"), Reason::invalid_timestamp, time_rule},
    {"time_object", canonical(R"(,"occurredAt":{})"), Reason::invalid_timestamp, time_rule},
    {"time_out_of_range", canonical(R"(,"occurredAt":1e30)"), Reason::invalid_timestamp, time_rule},
    {"last_time_is_none", canonical(R"(,"occurredAt":0,"occurredAt":[0])"), Reason::invalid_timestamp, time_rule},
    {"time_of_a_shape_null", guide + std::string(R"(,"occurredAt":null})"), Reason::invalid_timestamp,
     "occurredAt: must not be null"},
    {"time_of_a_shape_text", guide + std::string(R"(,"occurredAt":"2025-02-29T00:00:00Z"})"), Reason::invalid_timestamp,
     time_rule},
    {"time_of_a_shape_array", guide + std::string(R"(,"occurredAt":[2025,11,16,18]})"), Reason::invalid_timestamp,
     time_rule},

    {"time_in_the_future",
     canonical(R"(,"occurredAt":"1970-01-03T03:04:05Z")"),
     Reason::implausible_time,
     "occurredAt: must be at most 1 day ahead of the ingestion time, and is 2 days 03:04:05 ahead of it",
     {},
     a_day_and_an_hour},
    {"time_in_the_past",
     canonical(R"(,"occurredAt":"1969-12-31T22:59:59.5Z")"),
     Reason::implausible_time,
     "occurredAt: must be at most 01:00:00 behind the ingestion time, and is 01:00:00.500000 behind it",
     {},
     a_day_and_an_hour},
    {"time_of_a_shape_in_the_future",
     guide + std::string(R"(,"occurredAt":"9999-12-31T23:59:59.999999Z"})"),
     Reason::implausible_time,
     "occurredAt: must be at most 1 day ahead of the ingestion time, and is 2932896 days 23:59:59.999999 ahead of it",
     {},
     a_day_and_an_hour},

    {"version_that_is_over", R"({"eventType":"over.v1","source":"s","payload":{"t":"t"}})", Reason::contract_violation,
     over},
    {"version_of_the_payload_that_is_over", R"({"eventType":"over","source":"s","payload":{"version":1}})",
     Reason::contract_violation, over},
    {"type_without_a_version", R"({"eventType":"over","source":"s","payload":{}})", Reason::contract_violation, over},

    {"nul_in_the_payload", with_payload(R"({"a":"\u0000"})"), Reason::unstorable_text},
    {"nul_in_a_name", with_payload(R"({"\u0000":1})"), Reason::unstorable_text},
    {"nul_in_an_ignored_member", canonical(R"(,"a":[{"b":"x\u0000y"}])"), Reason::unstorable_text},
    {"nul_in_a_lost_duplicate", canonical(R"(,"tenantId":"\u0000","tenantId":"n")"), Reason::unstorable_text},
    {"high_surrogate", with_payload(R"({"a":"\ud800"})"), Reason::unstorable_text},
    {"low_surrogate", with_payload(R"({"a":"\udc00"})"), Reason::unstorable_text},
    {"surrogates_in_the_wrong_order", with_payload(R"({"a":"\ude00\ud83d"})"), Reason::unstorable_text},
    {"nul_in_the_event_type", R"({"eventType":"\u0000","source":"s","payload":{}})", Reason::unstorable_text},
    {"nul_in_a_shape", guide + std::string(R"(,"occurredAt":0,"x":"\u0000"})"), Reason::unstorable_text},

    {"exponent_too_large", with_payload(R"({"a":1e200000})"), Reason::unstorable_number},
    {"exponent_too_small", with_payload(R"({"a":1e-200000})"), Reason::unstorable_number},
    {"exponent_beyond_64_bits", with_payload(R"({"a":[1e99999999999999999999]})"), Reason::unstorable_number},
    {"number_in_an_ignored_member", canonical(R"(,"a":1e200000)"), Reason::unstorable_number},
    {"number_in_a_shape", guide + std::string(R"(,"occurredAt":0,"x":1e200000})"), Reason::unstorable_number},
};

class RefusedRecord : public testing::TestWithParam<Refused> {};
TEST_P(RefusedRecord, IsRefusedForThisReason)
{
    const Shapes shapes = shipped_shapes();
    const Contracts contracts(version_1_is_over);
    Normalizer normalizer(shapes, GetParam().limits, GetParam().time_limits, {.contracts = &contracts});
    const Refusal &refusal = normalizer.normalize(GetParam().input, Instant{0}).refusal;
    EXPECT_EQ(name(refusal.reason), name(GetParam().reason));
    if (GetParam().detail.empty())
        EXPECT_FALSE(refusal.detail.empty());
    else
        EXPECT_EQ(refusal.detail, GetParam().detail);
}
INSTANTIATE_TEST_SUITE_P(Reason, RefusedRecord, testing::ValuesIn(rows),
                         [](const auto &info) { return std::string(info.param.name); });

TEST(RefusedRecords, EveryReasonHasThreeInputs)
{
    std::map<Reason, std::set<std::string>> inputs;
    for (const Refused &row : rows) inputs[row.reason].insert(row.input);
    for (int reason = static_cast<int>(Reason::too_large); reason < static_cast<int>(Reason::tombstone); ++reason)
        EXPECT_GE(inputs[static_cast<Reason>(reason)].size(), 3U) << name(static_cast<Reason>(reason));
}

TEST(RefusedRecords, LimitsThemselvesAreAllowed)
{
    const Shapes shapes = shipped_shapes();
    const std::string event = canonical(R"(,"a":[])");
    EXPECT_FALSE(Normalizer(shapes, {.max_bytes = event.size(), .max_depth = 2}).normalize(event).refusal);
    EXPECT_TRUE(Normalizer(shapes, {.max_bytes = event.size() - 1, .max_depth = 2}).normalize(event).refusal);
    EXPECT_TRUE(Normalizer(shapes, {.max_bytes = event.size(), .max_depth = 1}).normalize(event).refusal);
    EXPECT_FALSE(Normalizer(shapes, {}).normalize(canonical(",\"a\":" + nested(63, "[", "", "]"))).refusal);
}

TEST(RefusedRecords, TombstoneIsRefusedWhateverCameBefore)
{
    const Shapes shapes = shipped_shapes();
    Normalizer normalizer(shapes, {});
    for (const std::string &before : {canonical(""), std::string("{"), std::string()}) {
        normalizer.normalize(before);
        const Verdict &verdict = normalizer.normalize_tombstone();
        EXPECT_EQ(verdict.refusal.reason, Reason::tombstone);
        EXPECT_FALSE(verdict.refusal.detail.empty());
    }
    EXPECT_FALSE(normalizer.normalize(canonical("")).refusal);
}

TEST(RefusedRecords, DetailOfALongMemberNameIsShortAndWhole)
{
    std::string member = "x";
    for (int i = 0; i < 1'000; ++i) member += "é"; // two bytes each, so the cut falls inside of one
    const Shapes shapes{{.name = "n", .event_type = "t", .source = "s", .required = {member}, .time_member = member}};
    Normalizer normalizer(shapes, {});
    const Refusal &refusal = normalizer.normalize("{\"" + member + "\":null}").refusal;
    EXPECT_EQ(refusal.reason, Reason::invalid_timestamp);
    EXPECT_LT(refusal.detail.size(), 200U);
    EXPECT_EQ(refusal.detail.substr(0, 119), member.substr(0, 119));
    EXPECT_EQ(refusal.detail.substr(119), "...: must not be null");
}

TEST(RefusedRecords, DetailNeverHoldsTheValue)
{
    const Shapes shapes = shipped_shapes();
    const Contracts contracts(version_1_is_over);
    for (const Refused &row : rows) {
        std::string input = row.input;
        for (std::size_t at = 0; (at = input.find("\"t\"", at)) != std::string::npos;)
            input.replace(at, 3, "\"s3cret\"");
        Normalizer normalizer(shapes, row.limits, row.time_limits, {.contracts = &contracts});
        EXPECT_EQ(normalizer.normalize(input, Instant{0}).refusal.detail.find("s3cret"), std::string::npos) << input;
    }
}

TEST(RefusedRecords, ANormalizerForgetsTheRecordBefore)
{
    std::mt19937_64 random = seeded();
    const Shapes shapes = shipped_shapes();
    std::vector<std::string> inputs{canonical(R"(,"tenantId":"n","eventId":"e","occurredAt":0)"), canonical(""),
                                    guide + std::string(R"(,"occurredAt":0,"tenantId":"n"})"),
                                    guide + std::string(R"(,"occurredAt":0})")};
    for (const Refused &row : rows)
        if (row.input.size() < 10'000) inputs.push_back(row.input);
    Normalizer kept(shapes, {});
    for (int round = 0; round < 20; ++round) {
        std::shuffle(inputs.begin(), inputs.end(), random);
        for (const std::string &input : inputs) {
            Normalizer fresh(shapes, {});
            const std::string expected = verdict_text(fresh.normalize(input), fresh.document());
            ASSERT_EQ(verdict_text(kept.normalize(input), kept.document()), expected) << input;
        }
    }
}

} // namespace
} // namespace analytics::core
