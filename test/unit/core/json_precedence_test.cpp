/* Which reason wins: sizes, UTF-8, depth; and what jsonb can't hold, which does not stop the reader. */
#include "named_bytes.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace analytics::core {
namespace {

using namespace std::string_literals;

struct Row : NamedBytes {
    Reason reason;
    std::string detail;
};

std::string repeated(const std::string &text, int times)
{
    std::string out;
    for (int i = 0; i < times; ++i) out += text;
    return out;
}

/** Read under the default limits: its reason, or what it holds that is unstorable. */
class Precedence : public testing::TestWithParam<Row> {};
TEST_P(Precedence, SmallestReasonWins)
{
    Document document;
    Refusal refusal = document.read(GetParam().bytes, {});
    if (!refusal) {
        EXPECT_EQ(tape_fault(document), "");
        refusal = document.unstorable();
    }
    EXPECT_EQ(name(refusal.reason), name(GetParam().reason));
    EXPECT_EQ(refusal.detail, GetParam().detail);
}

INSTANTIATE_TEST_SUITE_P(
    Text, Precedence,
    testing::ValuesIn(std::vector<Row>{
        {"nul_escape", R"(["\u0000"])", Reason::unstorable_text, "\\u0000 or an unpaired surrogate at byte 2"},
        {"nul_escape_in_name", R"({"\u0000":1})", Reason::unstorable_text,
         "\\u0000 or an unpaired surrogate at byte 2"},
        {"nul_escape_behind_text", R"(["0123456789\u0000"])", Reason::unstorable_text,
         "\\u0000 or an unpaired surrogate at byte 12"},
        {"nul_escape_behind_escape", R"(["\n\u0000"])", Reason::unstorable_text,
         "\\u0000 or an unpaired surrogate at byte 4"},
        {"high_alone", R"(["\uD83D"])", Reason::unstorable_text, "\\u0000 or an unpaired surrogate at byte 2"},
        {"high_lowest", R"(["\ud800"])", Reason::unstorable_text, "\\u0000 or an unpaired surrogate at byte 2"},
        {"high_highest", R"(["\uDBFF"])", Reason::unstorable_text, "\\u0000 or an unpaired surrogate at byte 2"},
        {"low_alone", R"(["\uDE00"])", Reason::unstorable_text, "\\u0000 or an unpaired surrogate at byte 2"},
        {"low_lowest", R"(["\uDC00"])", Reason::unstorable_text, "\\u0000 or an unpaired surrogate at byte 2"},
        {"low_highest", R"(["\udfff"])", Reason::unstorable_text, "\\u0000 or an unpaired surrogate at byte 2"},
        {"pair_reversed", R"(["\uDE00\uD83D"])", Reason::unstorable_text, "\\u0000 or an unpaired surrogate at byte 2"},
        {"high_then_text", R"(["\uD83Dx"])", Reason::unstorable_text, "\\u0000 or an unpaired surrogate at byte 2"},
        {"high_then_escape", R"(["\uD83D\n"])", Reason::unstorable_text, "\\u0000 or an unpaired surrogate at byte 2"},
        {"high_then_letter", R"(["\uD83D\u0041"])", Reason::unstorable_text,
         "\\u0000 or an unpaired surrogate at byte 2"},
        {"high_then_pair", R"(["\uD83D\uD83D\uDE00"])", Reason::unstorable_text,
         "\\u0000 or an unpaired surrogate at byte 2"},
        {"pair_then_low", R"(["\uD83D\uDE00\uDE00"])", Reason::unstorable_text,
         "\\u0000 or an unpaired surrogate at byte 14"},
        {"pair_then_high", R"(["\uD83D\uDE00\uD83D"])", Reason::unstorable_text,
         "\\u0000 or an unpaired surrogate at byte 14"},
        {"high_parted_by_strings", R"(["\uD83D","\uDE00"])", Reason::unstorable_text,
         "\\u0000 or an unpaired surrogate at byte 2"},
        {"first_place_is_told", R"(["ok","\uDE00","\u0000"])", Reason::unstorable_text,
         "\\u0000 or an unpaired surrogate at byte 7"},
        {"scalar_root", R"("\u0000")", Reason::unstorable_text, "\\u0000 or an unpaired surrogate at byte 1"},
    }),
    name_of<Row>);

INSTANTIATE_TEST_SUITE_P(
    Number, Precedence,
    testing::ValuesIn(std::vector<Row>{
        {"overflow_of_cve_2024_38517", "[1.0000000000e-2147483639]", Reason::unstorable_number,
         "a number out of numeric's range at byte 1"},
        {"overflow_of_cve_2024_38517_alone", "1.0000000000e-2147483639", Reason::unstorable_number,
         "a number out of numeric's range at byte 0"},
        {"exponent_beyond_int", "[1e99999999999999999999]", Reason::unstorable_number,
         "a number out of numeric's range at byte 1"},
        {"exponent_below_int", "[1e-99999999999999999999]", Reason::unstorable_number,
         "a number out of numeric's range at byte 1"},
        {"zero_with_exponent_beyond_int", "[0e99999999999999999999]", Reason::unstorable_number,
         "a number out of numeric's range at byte 1"},
        {"power_too_large", "[1e131072]", Reason::unstorable_number, "a number out of numeric's range at byte 1"},
        {"power_too_small", "[1e-16384]", Reason::unstorable_number, "a number out of numeric's range at byte 1"},
        {"fraction_too_long", "[0." + std::string(16384, '0') + "]", Reason::unstorable_number,
         "a number out of numeric's range at byte 1"},
        {"too_many_digits", "[" + std::string(131073, '7') + "]", Reason::unstorable_number,
         "a number out of numeric's range at byte 1"},
        {"just_enough_digits", "[" + std::string(131072, '7') + "." + std::string(16383, '7') + "]", Reason::none, ""},
        {"negative", R"({"a":-1e200000})", Reason::unstorable_number, "a number out of numeric's range at byte 5"},
        {"first_place_is_told_number", "[1e5,1e200000,1e-200000]", Reason::unstorable_number,
         "a number out of numeric's range at byte 5"},
        {"as_a_name_it_is_text", R"({"1e200000":"1e200000"})", Reason::none, ""},
    }),
    name_of<Row>);

INSTANTIATE_TEST_SUITE_P(
    Order, Precedence,
    testing::ValuesIn(std::vector<Row>{
        {"utf8_over_json", "{\xFF", Reason::invalid_utf8, "an ill-formed sequence at byte 1"},
        {"utf8_far_behind_over_json", "}" + std::string(100, ' ') + "\xC3", Reason::invalid_utf8,
         "an ill-formed sequence at byte 101"},
        {"utf8_behind_over_deep", repeated("[", 100) + "\xC3", Reason::invalid_utf8,
         "an ill-formed sequence at byte 100"},
        {"utf8_over_nul", "\0\xFF"s, Reason::invalid_utf8, "an ill-formed sequence at byte 1"},
        {"surrogate_in_utf8", "\"\xED\xA0\x80\"", Reason::invalid_utf8, "an ill-formed sequence at byte 1"},
        {"overlong_quote", "\"a\xC0\xA2", Reason::invalid_utf8, "an ill-formed sequence at byte 2"},
        {"utf16_mark", "\xFF\xFE{", Reason::invalid_utf8, "an ill-formed sequence at byte 0"},
        {"json_before_deep", "[}" + repeated("[", 100), Reason::invalid_json, "invalid value at byte 1"},
        {"deep_before_json", repeated("[", 65) + "}", Reason::too_deep, "more than 64 levels at byte 64"},
        {"deep_before_end", repeated("[", 65), Reason::too_deep, "more than 64 levels at byte 64"},
        {"json_over_text", R"(["\u0000",])", Reason::invalid_json, "invalid value at byte 10"},
        {"json_over_half_pair", R"(["\uD83D")", Reason::invalid_json,
         "missing a comma or ] after an array element at byte 9"},
        {"json_over_number", "[1e999999,]", Reason::invalid_json, "invalid value at byte 10"},
        {"json_in_the_same_number", "[1e999999.5]", Reason::invalid_json,
         "missing a comma or ] after an array element at byte 9"},
        {"json_over_long_number", "[" + std::string(400, '9') + ",]", Reason::invalid_json,
         "invalid value at byte 402"},
        {"nul_over_number", "1e999999\0"s, Reason::invalid_json, "a NUL byte at byte 8"},
        {"deep_over_text", R"(["\u0000",)" + repeated("[", 64), Reason::too_deep, "more than 64 levels at byte 73"},
        {"deep_over_number", "[1e999999," + repeated("[", 64), Reason::too_deep, "more than 64 levels at byte 73"},
        {"text_over_number_before", R"([1e999999,"\u0000"])", Reason::unstorable_text,
         "\\u0000 or an unpaired surrogate at byte 11"},
        {"text_over_number_behind", R"(["\u0000",1e999999])", Reason::unstorable_text,
         "\\u0000 or an unpaired surrogate at byte 2"},
    }),
    name_of<Row>);

/** What can't be stored stands on the tape as a name that no valid text equals, so it never decides shape or member. */
TEST(Unstorable, NamesEqualNoValidName)
{
    Document document;
    ASSERT_FALSE(document.read(R"({"a\u0000":1,"a":2,"\uD83D":3,"\uDE00":4,"\uD83D\uDE00":5})", {}));
    EXPECT_EQ(tape_text(document), R"({'a\x00':1,'a':2,'\xED\xB0\xBD':3,'\xED\xB8\x80':4,'\xF0\x9F\x98\x80':5})");
}

struct Depth {
    std::uint32_t max_depth;
    int levels;
    Reason reason;
};

class DepthLimit : public testing::TestWithParam<Depth> {};
TEST_P(DepthLimit, CountsTheOutermostAsOne)
{
    const auto &[max_depth, levels, reason] = GetParam();
    const Limits limits{.max_depth = max_depth};
    Document document;
    const std::string arrays = repeated("[", levels) + repeated("]", levels);
    EXPECT_EQ(document.read(arrays, limits).reason, reason) << "arrays";
    const std::string objects = repeated(R"({"a":)", levels) + "0" + repeated("}", levels);
    EXPECT_EQ(document.read(objects, limits).reason, reason) << "objects";
    const std::string mixed =
        repeated(R"([{"a":)", levels / 2) + (levels % 2 != 0 ? "[]" : "0") + repeated("}]", levels / 2);
    EXPECT_EQ(document.read(mixed, limits).reason, reason) << "mixed";
}

INSTANTIATE_TEST_SUITE_P(Bounds, DepthLimit,
                         testing::Values(Depth{64, 1, Reason::none}, Depth{64, 63, Reason::none},
                                         Depth{64, 64, Reason::none}, Depth{64, 65, Reason::too_deep},
                                         Depth{64, 100'000, Reason::too_deep}, Depth{1, 1, Reason::none},
                                         Depth{1, 2, Reason::too_deep}, Depth{0, 1, Reason::too_deep},
                                         Depth{500, 500, Reason::none}, Depth{500, 501, Reason::too_deep}));

TEST(DepthLimit, DoesNotAddUpAcrossSiblings)
{
    Document document;
    EXPECT_FALSE(document.read("[" + repeated("[[]],", 1000) + "[]]", {.max_depth = 3}));
}

TEST(DepthLimit, DoesNotConcernScalars)
{
    Document document;
    EXPECT_FALSE(document.read("1", {.max_depth = 0}));
}

TEST(DepthLimit, HundredThousandOpenBracketsAreOneRefusal)
{
    Document document;
    EXPECT_EQ(document.read(repeated("[", 100'000), {}).detail, "more than 64 levels at byte 64");
    EXPECT_EQ(document.read(repeated(R"({"a":)", 100'000), {}).detail, "more than 64 levels at byte 320");
}

TEST(DepthLimit, HundredThousandLevelsAreReadWhenAsked)
{
    Document document;
    const std::string deep = repeated("[", 100'000) + repeated("]", 100'000);
    ASSERT_FALSE(document.read(deep, {.max_depth = 100'000}));
    EXPECT_EQ(document.size(), 100'000U);
    EXPECT_EQ(document[99'999].end, 100'000U);
}

TEST(SizeLimit, HoldsToTheByte)
{
    Document document;
    const std::string mebibyte = '"' + std::string((std::size_t{1} << 20) - 2, 'x') + '"';
    EXPECT_FALSE(document.read(mebibyte, {}));
    const Refusal refusal = document.read(mebibyte + " ", {});
    EXPECT_EQ(refusal.reason, Reason::too_large);
    EXPECT_EQ(refusal.detail, "1048577 bytes, more than 1048576");
}

TEST(SizeLimit, IsTheFirstReasonOfAll)
{
    Document document;
    EXPECT_EQ(document.read("[[[\xFF\xFF", {.max_bytes = 4, .max_depth = 1}).reason, Reason::too_large);
    EXPECT_EQ(document.read("[[[\xFF", {.max_bytes = 4, .max_depth = 1}).reason, Reason::invalid_utf8);
}

TEST(SizeLimit, MayBeZero)
{
    Document document;
    EXPECT_EQ(document.read("1", {.max_bytes = 0}).reason, Reason::too_large);
    EXPECT_EQ(document.read("", {.max_bytes = 0}).reason, Reason::invalid_json);
    EXPECT_EQ(document.read(std::string_view{}, {}).reason, Reason::invalid_json);
}

} // namespace
} // namespace analytics::core
