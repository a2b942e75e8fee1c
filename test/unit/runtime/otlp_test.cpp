/* The JSON of an export request; that official readers take it is shown end to end (test/e2e/test_traces.py). */
#include "../../../runtime/otlp.hpp"
#include "../../../runtime/traces.hpp"

#include <gtest/gtest.h>

namespace analytics::runtime {
namespace {

TEST(Otlp, NumbersAreQuotedAndTextsEscaped)
{
    const Attribute resource[] = {{"service.name", std::string("a\"b")}};
    const Span span{.name = {"4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"},
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

} // namespace
} // namespace analytics::runtime
