/* The JSON of an export request; that official readers take it is shown end to end (test/e2e/test_traces.py). */
#include "../../../runtime/otlp.hpp"
#include "../../../runtime/traces.hpp"

#include <gtest/gtest.h>

namespace analytics::runtime {
namespace {

TEST(Otlp, NumbersAreQuotedAndTextsEscaped)
{
    const Attribute resource[] = {{"service.name", std::string("a\"b")}};
    const SpanData span{.context = {"4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"},
                        .parent_id = "00f067aa0ba902b8",
                        .title = "t",
                        .kind = SpanKind::client,
                        .start_ns = 1,
                        .end_ns = 2,
                        .attributes = {{"n", std::int64_t{7}}},
                        .links = {{"4bf92f3577b34da6a3ce929d0e0e4737", "00f067aa0ba902b9"}},
                        .dropped_links = 3,
                        .is_failed = true,
                        .message = "m"};
    const std::string json = otlp_json(resource, {&span, 1});
    EXPECT_NE(json.find(R"({"key":"service.name","value":{"stringValue":"a\"b"}})"), std::string::npos) << json;
    EXPECT_NE(json.find(R"({"traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"00f067aa0ba902b7",)"
                        R"("parentSpanId":"00f067aa0ba902b8","name":"t","kind":3,"startTimeUnixNano":"1",)"
                        R"("endTimeUnixNano":"2","attributes":[{"key":"n","value":{"intValue":"7"}}],)"
                        R"("links":[{"traceId":"4bf92f3577b34da6a3ce929d0e0e4737","spanId":"00f067aa0ba902b9"}],)"
                        R"("droppedLinksCount":3,"status":{"code":2,"message":"m"}})"),
              std::string::npos)
        << json;
}

TEST(TracesOptions, AreOpenTelemetrysVariables)
{
    EXPECT_EQ(traces_options("s", {}).url, "");
    EXPECT_EQ(traces_options("s", {{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318/"}}).url, "http://c:4318/v1/traces");
    EXPECT_EQ(traces_options("s", {{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"},
                                   {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://d/x"}})
                  .url,
              "http://d/x");
    EXPECT_EQ(traces_options("s", {{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"}, {"OTEL_SDK_DISABLED", "true"}}).url,
              "");
    const TracesOptions options = traces_options("s", {{"OTEL_EXPORTER_OTLP_HEADERS", "a=b,c=d=e"},
                                                       {"OTEL_EXPORTER_OTLP_TIMEOUT", "7"},
                                                       {"OTEL_BSP_SCHEDULE_DELAY", "never"}});
    EXPECT_EQ(options.headers, (std::vector<std::string>{"a: b", "c: d=e"}));
    EXPECT_EQ(options.service, "s");
    EXPECT_EQ(options.timeout, std::chrono::milliseconds(7));
    EXPECT_EQ(options.delay, std::chrono::milliseconds(5'000));
}

struct Baggage {
    const char *name;
    const char *text;
    std::vector<std::string> headers;
};

void PrintTo(const Baggage &baggage, std::ostream *out)
{
    *out << baggage.text;
}

class TracesHeaders : public testing::TestWithParam<Baggage> {};

TEST_P(TracesHeaders, AreBaggage)
{
    EXPECT_EQ(traces_options("s", {{"OTEL_EXPORTER_OTLP_HEADERS", GetParam().text}}).headers, GetParam().headers);
}

INSTANTIATE_TEST_SUITE_P(
    Cases, TracesHeaders,
    testing::Values(Baggage{"decoded", "authorization=Basic%20dTpw%3D%3D", {"authorization: Basic dTpw=="}},
                    Baggage{"lower_case_digits", "a=%c3%a9", {"a: \xc3\xa9"}},
                    Baggage{"decoded_once", "a=%2541", {"a: %41"}},
                    Baggage{"separators_inside", "a=b%2Cc%3Bd,e=f", {"a: b,c;d", "e: f"}},
                    Baggage{"a_plus_is_a_plus", "a=b+c", {"a: b+c"}},
                    Baggage{"trimmed", " a = b\t,\tc= d ", {"a: b", "c: d"}},
                    Baggage{"blanks_that_are_encoded_stay", "a=%20b", {"a:  b"}},
                    Baggage{"blanks_within", "Authorization=Bearer abc", {"Authorization: Bearer abc"}},
                    Baggage{"properties_are_no_value", "a=b;ttl=1 ,c=d ; x", {"a: b", "c: d"}},
                    Baggage{"no_escape", "a=100%,b=%zz,c=%4", {"a: 100%", "b: %zz", "c: %4"}},
                    Baggage{"empty_value", "a=", {"a: "}}, Baggage{"empty_members", ",, a=b,", {"a: b"}},
                    Baggage{"no_value", "a,b=c", {"b: c"}}, Baggage{"no_name", "=a, =b,c=d", {"c: d"}},
                    Baggage{"a_line_end_begins_no_header", "a=b%0d%0aHost:%20evil,c=d", {"c: d"}},
                    Baggage{"no_token", "a b=c,d=e", {"d: e"}}),
    [](const auto &tested) { return tested.param.name; });

TEST(TracesOptions, AreNoneWhereTheSdkIsDisabledInAnyCase)
{
    for (const char *word : {"true", "True", "TRUE", "tRuE"})
        EXPECT_EQ(traces_options("s", {{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"}, {"OTEL_SDK_DISABLED", word}}).url,
                  "")
            << word;
    for (const char *word : {"", "false", "1", "yes", "truely"})
        EXPECT_NE(traces_options("s", {{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"}, {"OTEL_SDK_DISABLED", word}}).url,
                  "")
            << word;
}

} // namespace
} // namespace analytics::runtime
