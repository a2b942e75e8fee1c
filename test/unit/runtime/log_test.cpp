/* A log line in both forms, and the table of events. */
#include "../../../runtime/log.hpp"

#include <gtest/gtest.h>
#include <limits>
#include <rapidjson/document.h>
#include <set>
#include <utility>

namespace analytics::runtime {
namespace {

const LogTime time{std::chrono::microseconds(1'767'323'045'678'901)}; // 2026-01-02T03:04:05.678901Z

std::string line(LogFormat format, const Fields &fields, const EventKind &kind = event::BatchCommitted::kind)
{
    return format_line(format, time, kind, fields);
}

TEST(LogTest, AJsonLineHasTimeLevelEventThenTheFields)
{
    EXPECT_EQ(line(LogFormat::json, {{"topic", "t"}, {"partition", 3}, {"offset", std::int64_t{1} << 40}}),
              R"({"time":"2026-01-02T03:04:05.678901Z","level":"debug","event":"batch_committed",)"
              R"("topic":"t","partition":3,"offset":1099511627776})");
}

TEST(LogTest, ATextLineHasTheSame)
{
    EXPECT_EQ(line(LogFormat::text, {{"topic", "t"}, {"partition", 3}}, event::PartitionFenced::kind),
              "2026-01-02T03:04:05.678901Z warning partition_fenced topic=t partition=3");
}

struct Case {
    const char *name;
    Value value;
    const char *json;
    const char *text;
};
class LogValueTest : public testing::TestWithParam<Case> {};

TEST_P(LogValueTest, AsJson)
{
    const std::string found = line(LogFormat::json, {{"x", GetParam().value}});
    EXPECT_EQ(found.substr(found.find("\"x\":") + 4), std::string(GetParam().json) + "}");
}

TEST_P(LogValueTest, AsText)
{
    const std::string found = line(LogFormat::text, {{"x", GetParam().value}});
    EXPECT_EQ(found.substr(found.find("x=") + 2), GetParam().text);
}

INSTANTIATE_TEST_SUITE_P(Kinds, LogValueTest,
                         testing::Values(Case{"Integer", std::int64_t{-5}, "-5", "-5"},
                                         Case{"True", true, "true", "true"}, Case{"Fraction", 1.5, "1.5", "1.5"},
                                         Case{"Infinity", std::numeric_limits<double>::infinity(), "null", "null"},
                                         Case{"Word", std::string_view("abc"), R"("abc")", "abc"},
                                         Case{"Words", std::string_view("a b"), R"("a b")", R"("a b")"},
                                         Case{"Empty", std::string_view(""), R"("")", R"("")"},
                                         Case{"Equals", std::string_view("a=b"), R"("a=b")", R"("a=b")"},
                                         Case{"Forgery", std::string_view("x\n{\"event\":\"stopped\"}"),
                                              R"("x\n{\"event\":\"stopped\"}")", R"("x\n{\"event\":\"stopped\"}")"},
                                         Case{"NotUtf8", std::string_view("\xFF"), "\"\xEF\xBF\xBD\"",
                                              "\"\xEF\xBF\xBD\""},
                                         Case{"Json", Json{R"([{"reason": "invalid_json"}])"},
                                              R"([{"reason": "invalid_json"}])", R"([{"reason": "invalid_json"}])"}),
                         [](const auto &info) { return info.param.name; });

TEST(LogTest, AJsonLineIsOneObjectWithoutNewline)
{
    const std::string text = line(LogFormat::json, {{"a\n\"b", "c\r\nd"}, {"j", Json{"{\"k\":[1,2]}"}}});
    rapidjson::Document document;
    document.Parse(text.data(), text.size());
    ASSERT_FALSE(document.HasParseError()) << text;
    EXPECT_EQ(text.find('\n'), std::string::npos);
    EXPECT_STREQ(document["a\n\"b"].GetString(), "c\r\nd");
    EXPECT_EQ(document["j"]["k"][1].GetInt(), 2);
}

TEST(LogTest, ATimeBeforeTheEpochIsStillATime)
{
    const LogTime before{std::chrono::microseconds(-1)};
    EXPECT_TRUE(
        format_line(LogFormat::text, before, event::Started::kind, {}).starts_with("1969-12-31T23:59:59.999999Z"));
}

TEST(LogTest, WritesWhatIsAboveTheThreshold)
{
    Log log(Level::warning, LogFormat::text);
    testing::internal::CaptureStderr();
    log(event::Started{});
    log(event::Fault{.message = "m"});
    const std::string text = testing::internal::GetCapturedStderr();
    EXPECT_EQ(text.find("started"), std::string::npos);
    EXPECT_NE(text.find("error fault message=m\n"), std::string::npos);
}

TEST(LogTest, AFieldWithoutAValueIsLeftOut)
{
    const event::Stopped stopped;
    EXPECT_EQ(format_line(LogFormat::text, time, kind_of(stopped), fields_of(stopped)),
              "2026-01-02T03:04:05.678901Z info stopped");
}

template <class First, class... Others> std::set<std::string_view> names(const OneOf<First, Others...> & /*event*/)
{
    return {First::kind.name, Others::kind.name...};
}

TEST(EventTest, EveryEventHasANameOfItsOwn)
{
    EXPECT_EQ(names(Event(event::Stopped{})).size(), Event::count);
}

} // namespace
} // namespace analytics::runtime
