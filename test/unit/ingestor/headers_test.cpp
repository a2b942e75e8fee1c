/* Kafka headers as JSON: every form of value, and validity whatever the bytes, with RapidJSON as the judge. */
#include "../../../ingestor/headers.hpp"

#include <gtest/gtest.h>
#include <random>
#include <rapidjson/document.h>

namespace analytics::ingestor {
namespace {

using namespace std::string_view_literals;

std::string json(std::vector<Header> headers)
{
    std::string out;
    append_headers(out, headers);
    return out;
}

struct Case {
    const char *name;
    Header header;
    const char *json;
};
class HeaderTest : public testing::TestWithParam<Case> {};

TEST_P(HeaderTest, IsWritten)
{
    EXPECT_EQ(json({GetParam().header}), GetParam().json);
}

INSTANTIATE_TEST_SUITE_P(
    Forms, HeaderTest,
    testing::Values(Case{"Text", {"traceparent", "00-ab"}, R"([{"name":"traceparent","value":"00-ab"}])"},
                    Case{"Null", {"n", std::nullopt}, R"([{"name":"n","value":null}])"},
                    Case{"Empty", {"n", ""}, R"([{"name":"n","value":""}])"},
                    Case{"Escapes", {"n", "a\"b\\c\n"}, R"([{"name":"n","value":"a\"b\\c\n"}])"},
                    Case{"Utf8", {"n", "é€😀"}, R"([{"name":"n","value":"é€😀"}])"},
                    Case{"NotUtf8", {"n", "\xFF"}, R"([{"name":"n","base64":"/w=="}])"},
                    Case{"Nul", {"n", "\0"sv}, R"([{"name":"n","base64":"AA=="}])"},
                    Case{"Surrogate", {"n", "\xED\xA0\x80"}, R"([{"name":"n","base64":"7aCA"}])"},
                    Case{"Base64Of4", {"n", "\xFF\xFE\xFD\xFC"}, R"([{"name":"n","base64":"//79/A=="}])"},
                    Case{"Base64Of5", {"n", "\xFF\xFE\xFD\xFC\xFB"}, R"([{"name":"n","base64":"//79/Ps="}])"},
                    Case{"EmptyName", {"", "x"}, R"([{"name":"","value":"x"}])"},
                    Case{"NameNotUtf8", {"a\xFF", "x"}, "[{\"name\":\"a\xEF\xBF\xBD\",\"value\":\"x\"}]"},
                    Case{"NameWithNul",
                         {"a\0b"sv, "x"},
                         "[{\"name\":\"a\xEF\xBF\xBD"
                         "b\",\"value\":\"x\"}]"}),
    [](const auto &info) { return info.param.name; });

TEST(HeadersTest, KeepOrderAndRepetition)
{
    EXPECT_EQ(json({{"b", "1"}, {"a", "2"}, {"b", "3"}}),
              R"([{"name":"b","value":"1"},{"name":"a","value":"2"},{"name":"b","value":"3"}])");
}

TEST(HeadersTest, NoneIsAnEmptyArray)
{
    EXPECT_EQ(json({}), "[]");
}

TEST(HeadersTest, AreValidJsonWhateverTheBytes)
{
    const auto seed = std::random_device()();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    std::uniform_int_distribution<int> byte(0, 255);
    for (int round = 0; round < 2'000; ++round) {
        std::string name;
        std::string value;
        for (int i = byte(random) % 12; i > 0; --i) name += static_cast<char>(byte(random));
        for (int i = byte(random) % 12; i > 0; --i) value += static_cast<char>(byte(random));
        rapidjson::Document document;
        const std::string text = json({{name, value}});
        document.Parse<rapidjson::kParseValidateEncodingFlag>(text.data(), text.size());
        ASSERT_FALSE(document.HasParseError()) << text;
        ASSERT_EQ(document[0].MemberCount(), 2U) << text;
    }
}

} // namespace
} // namespace analytics::ingestor
