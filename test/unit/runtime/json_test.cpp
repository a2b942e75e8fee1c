/* JSON strings made of any bytes, with RapidJSON as the judge. */
#include "../../../extension/core/text/utf8.hpp"
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
        if (core::is_utf8(bytes)) {
            ASSERT_EQ(std::string(document.GetString(), document.GetStringLength()), bytes);
        }
    }
}

} // namespace
} // namespace analytics::runtime
