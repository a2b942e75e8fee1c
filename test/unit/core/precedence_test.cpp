/* When several reasons apply, the first of the reference's table wins, wherever each is in the bytes. */
#include "../../../extension/core/normalize.hpp"

#include "shipped_shapes.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace analytics::core {
namespace {

struct Both {
    const char *name;
    std::string input;
    Reason wins;
    Limits limits = {};
    TimeLimits time_limits = {};
};

void PrintTo(const Both &row, std::ostream *out)
{
    *out << row.input;
}

class ReasonOrder : public testing::TestWithParam<Both> {};
TEST_P(ReasonOrder, FirstReasonOfTheTableWins)
{
    const Shapes shapes = shipped_shapes();
    const Contracts contracts({{.event_type = "refused", .mode = ContractMode::refuse}});
    Normalizer normalizer(shapes, GetParam().limits, GetParam().time_limits, {.contracts = &contracts});
    EXPECT_EQ(name(normalizer.normalize(GetParam().input, Instant{0}).refusal.reason), name(GetParam().wins));
}

constexpr TimeLimits only_now{.max_future = 0, .max_past = 0};

const std::string deep = std::string(65, '[') + std::string(65, ']');

INSTANTIATE_TEST_SUITE_P(
    Table, ReasonOrder,
    testing::ValuesIn(std::vector<Both>{
        {"too_large_over_invalid_utf8", "\xFF\xFF", Reason::too_large, {.max_bytes = 1}},
        {"too_large_over_invalid_json", "{{{", Reason::too_large, {.max_bytes = 2}},
        {"too_large_over_too_deep", deep, Reason::too_large, {.max_bytes = 100}},
        {"too_large_over_unknown_shape", "{}", Reason::too_large, {.max_bytes = 1}},
        {"invalid_utf8_over_invalid_json_before", "{,\"\xFF\"}", Reason::invalid_utf8},
        {"invalid_utf8_over_invalid_json_behind", "{\"\xFF\"", Reason::invalid_utf8},
        {"invalid_utf8_over_byte_order_mark", "\xEF\xBB\xBF{\"\xFF\":1}", Reason::invalid_utf8},
        {"invalid_utf8_over_too_deep", deep + "\xFF", Reason::invalid_utf8},
        {"invalid_utf8_over_unstorable_text", "{\"\\u0000\":\"\x80\"}", Reason::invalid_utf8},
        {"invalid_json_before_too_deep", "[,]" + deep, Reason::invalid_json},
        {"too_deep_before_invalid_json", deep + ",", Reason::too_deep},
        {"too_deep_before_the_end_is_missing", std::string(65, '['), Reason::too_deep},
        {"the_end_is_missing_at_the_limit", std::string(64, '['), Reason::invalid_json},
        {"invalid_json_over_not_an_object", "[1", Reason::invalid_json},
        {"invalid_json_over_unknown_shape", "{\"a\":1", Reason::invalid_json},
        {"invalid_json_over_missing_field", R"({"eventType":"t","payload":{})", Reason::invalid_json},
        {"invalid_json_over_invalid_timestamp", R"({"eventType":"t","source":"s","payload":{},"occurredAt":"x")",
         Reason::invalid_json},
        {"invalid_json_over_unstorable_text", R"({"a":"\u0000","b":})", Reason::invalid_json},
        {"invalid_json_over_unstorable_number", R"({"a":1e200000,"b":})", Reason::invalid_json},
        {"too_deep_over_not_an_object", deep, Reason::too_deep},
        {"too_deep_over_unknown_shape", "{\"a\":" + deep + "}", Reason::too_deep},
        {"too_deep_over_unstorable_text", R"({"a":"\u0000","b":)" + deep + "}", Reason::too_deep},
        {"too_deep_over_unstorable_number", R"({"a":1e200000,"b":)" + deep + "}", Reason::too_deep},
        {"not_an_object_over_unstorable_text", R"("\u0000")", Reason::not_an_object},
        {"not_an_object_over_unstorable_number", "[1e200000]", Reason::not_an_object},
        {"unknown_shape_over_unstorable_text", R"({"\u0000":1})", Reason::unknown_shape},
        {"unknown_shape_over_unstorable_number", R"({"a":1e200000})", Reason::unknown_shape},
        {"missing_field_over_invalid_field", R"({"eventType":5,"payload":[]})", Reason::missing_field},
        {"missing_field_over_invalid_timestamp", R"({"eventType":"t","payload":{},"occurredAt":"x"})",
         Reason::missing_field},
        {"missing_field_over_unstorable_text", R"({"eventType":"\u0000","payload":{}})", Reason::missing_field},
        {"missing_field_over_unstorable_number", R"({"eventType":"t","payload":{"a":1e200000}})",
         Reason::missing_field},
        {"invalid_field_over_invalid_timestamp", R"({"occurredAt":"x","eventType":"","source":"s","payload":{}})",
         Reason::invalid_field},
        {"bad_event_id_over_invalid_timestamp",
         R"({"occurredAt":"x","eventType":"t","source":"s","payload":{},"eventId":1})", Reason::invalid_field},
        {"bad_tenant_of_a_shape_over_invalid_timestamp",
         R"({"guideId":1,"challengeId":2,"occurredAt":null,"tenantId":5})", Reason::invalid_field},
        {"invalid_field_over_unstorable_text", R"({"eventType":"","source":"\u0000","payload":{}})",
         Reason::invalid_field},
        {"invalid_field_over_unstorable_number", R"({"eventType":"t","source":"s","payload":[1e200000]})",
         Reason::invalid_field},
        {"invalid_field_by_length_over_unstorable_text",
         R"({"eventType":"t","source":"s","payload":{},"tenantId":"\u0000)" + std::string(64, 'n') + "\"}",
         Reason::invalid_field},
        {"half_a_pair_counts_as_one_character",
         R"({"eventType":"t","source":"s","payload":{},"tenantId":"\ud800)" + std::string(63, 'n') + "\"}",
         Reason::unstorable_text},
        {"invalid_timestamp_over_unstorable_text",
         R"({"eventType":"t","source":"s","payload":{"a":"\ud800"},"occurredAt":"x"})", Reason::invalid_timestamp},
        {"invalid_timestamp_over_unstorable_number", R"({"guideId":1e200000,"challengeId":2,"occurredAt":"x"})",
         Reason::invalid_timestamp},
        {"invalid_timestamp_that_is_unstorable_text",
         R"({"eventType":"t","source":"s","payload":{},"occurredAt":"\u0000"})", Reason::invalid_timestamp},
        {"invalid_timestamp_that_is_an_unstorable_number",
         R"({"eventType":"t","source":"s","payload":{},"occurredAt":1e200000})", Reason::invalid_timestamp},
        {"invalid_field_over_implausible_time",
         R"({"occurredAt":1,"eventType":"t","source":"s","payload":{},"eventId":1})",
         Reason::invalid_field,
         {},
         only_now},
        {"invalid_timestamp_over_implausible_time",
         R"({"eventType":"t","source":"s","payload":{},"occurredAt":1,"occurredAt":"x"})",
         Reason::invalid_timestamp,
         {},
         only_now},
        {"implausible_time_over_unstorable_text",
         R"({"eventType":"t","source":"s","payload":{"a":"\u0000"},"occurredAt":1})",
         Reason::implausible_time,
         {},
         only_now},
        {"implausible_time_of_a_shape_over_unstorable_number",
         R"({"guideId":1e200000,"challengeId":2,"occurredAt":-1})",
         Reason::implausible_time,
         {},
         only_now},
        {"implausible_time_over_contract_violation",
         R"({"eventType":"refused","source":"s","payload":{},"occurredAt":1})",
         Reason::implausible_time,
         {},
         only_now},
        {"contract_violation_over_unstorable_text", R"({"eventType":"refused","source":"s","payload":{"a":"\u0000"}})",
         Reason::contract_violation},
        {"contract_violation_over_unstorable_number",
         R"({"eventType":"refused","source":"s","payload":{"version":1e200000}})", Reason::contract_violation},
        {"instant_that_is_an_unstorable_number",
         R"({"eventType":"t","source":"s","payload":{},"occurredAt":1e-200000})", Reason::unstorable_number},
        {"unstorable_text_over_unstorable_number_before",
         R"({"eventType":"t","source":"s","payload":{"a":1e200000,"b":"\u0000"}})", Reason::unstorable_text},
        {"unstorable_text_over_unstorable_number_behind",
         R"({"eventType":"t","source":"s","payload":{"b":"\u0000","a":1e200000}})", Reason::unstorable_text},
    }),
    [](const auto &info) { return std::string(info.param.name); });

} // namespace
} // namespace analytics::core
