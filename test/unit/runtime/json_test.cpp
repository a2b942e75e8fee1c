/* JSON strings made of any bytes, with RapidJSON as the judge. */
#include "../../../runtime/json.hpp"

#include <gtest/gtest.h>
#include <random>
#include <rapidjson/document.h>

namespace analytics::runtime {
namespace {

using namespace std::string_view_literals;

std::string json(std::string_view bytes)
{
    std::string out;
    append_json_string(out, bytes);
    return out;
}

struct Utf8 {
    const char *name;
    std::string_view bytes;
    bool is_utf8;
};
class Utf8Test : public testing::TestWithParam<Utf8> {};

TEST_P(Utf8Test, IsTold)
{
    EXPECT_EQ(is_utf8(GetParam().bytes), GetParam().is_utf8);
}

INSTANTIATE_TEST_SUITE_P(
    Bounds, Utf8Test,
    testing::Values(Utf8{"Empty", "", true}, Utf8{"Ascii", "a", true}, Utf8{"Nul", "\0"sv, true},
                    Utf8{"Delete", "\x7F", true}, Utf8{"LoneTail", "\x80", false}, Utf8{"Overlong2", "\xC1\xBF", false},
                    Utf8{"First2", "\xC2\x80", true}, Utf8{"Last2", "\xDF\xBF", true},
                    Utf8{"Truncated2", "\xC2", false}, Utf8{"Overlong3", "\xE0\x9F\xBF", false},
                    Utf8{"First3", "\xE0\xA0\x80", true}, Utf8{"BeforeSurrogates", "\xED\x9F\xBF", true},
                    Utf8{"Surrogate", "\xED\xA0\x80", false}, Utf8{"AfterSurrogates", "\xEE\x80\x80", true},
                    Utf8{"Last3", "\xEF\xBF\xBF", true}, Utf8{"Truncated3", "\xEF\xBF", false},
                    Utf8{"Overlong4", "\xF0\x8F\xBF\xBF", false}, Utf8{"First4", "\xF0\x90\x80\x80", true},
                    Utf8{"Last4", "\xF4\x8F\xBF\xBF", true}, Utf8{"TooHigh", "\xF4\x90\x80\x80", false},
                    Utf8{"Truncated4", "\xF0\x90\x80", false}, Utf8{"F5", "\xF5\x80\x80\x80", false},
                    Utf8{"FF", "\xFF", false}, Utf8{"BadAfterGood", "aé\xFF", false}),
    [](const auto &info) { return info.param.name; });

struct Literal {
    const char *name;
    std::string_view bytes;
    const char *json;
};
class LiteralTest : public testing::TestWithParam<Literal> {};

TEST_P(LiteralTest, IsWritten)
{
    EXPECT_EQ(json(GetParam().bytes), GetParam().json);
}

INSTANTIATE_TEST_SUITE_P(Forms, LiteralTest,
                         testing::Values(Literal{"Plain", "abc", R"("abc")"}, Literal{"Empty", "", R"("")"},
                                         Literal{"Quote", "\"", R"("\"")"}, Literal{"Backslash", "\\", R"("\\")"},
                                         Literal{"Newline", "\n", R"("\n")"}, Literal{"Return", "\r", R"("\r")"},
                                         Literal{"Tab", "\t", R"("\t")"}, Literal{"Nul", "\0"sv, R"("\u0000")"},
                                         Literal{"Escape", "\x1B", R"("\u001b")"},
                                         Literal{"Delete", "\x7F", R"("\u007f")"}, Literal{"Utf8", "é€😀", R"("é€😀")"},
                                         Literal{"BadByte", "a\xFFz", "\"a\xEF\xBF\xBDz\""},
                                         Literal{"EachBadByte", "\xC1\xBF", "\"\xEF\xBF\xBD\xEF\xBF\xBD\""}),
                         [](const auto &info) { return info.param.name; });

TEST(JsonStringTest, IsValidWhateverTheBytes)
{
    const auto seed = std::random_device()();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    std::uniform_int_distribution<int> byte(0, 255);
    for (int round = 0; round < 5'000; ++round) {
        std::string bytes;
        for (int i = byte(random) % 20; i > 0; --i) bytes += static_cast<char>(byte(random));
        const std::string text = json(bytes);
        rapidjson::Document document;
        document.Parse<rapidjson::kParseValidateEncodingFlag>(text.data(), text.size());
        ASSERT_FALSE(document.HasParseError()) << text;
        if (is_utf8(bytes)) {
            ASSERT_EQ(std::string(document.GetString(), document.GetStringLength()), bytes);
        }
    }
}

} // namespace
} // namespace analytics::runtime
