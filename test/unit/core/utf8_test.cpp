/* Strict UTF-8: every lead byte's bounds from both sides, at every position in an eight-byte block. */
#include "../../../extension/core/text/utf8.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace analytics::core {
namespace {

struct Row {
    const char *name;
    std::string bytes;
    std::optional<std::size_t> invalid_at; // nothing: well-formed
};

class Utf8 : public testing::TestWithParam<Row> {};
TEST_P(Utf8, FindsTheFirstIllFormedSequence)
{
    const auto &[name, bytes, invalid_at] = GetParam();
    EXPECT_EQ(first_invalid_utf8(bytes), invalid_at.value_or(bytes.size()));
}

/** The same at every distance to the eight-byte blocks, with text before and behind. */
TEST_P(Utf8, FindsItWhereverItStands)
{
    const auto &[name, bytes, invalid_at] = GetParam();
    for (std::size_t before = 0; before < 20; ++before) {
        const std::string text = std::string(before, 'x') + bytes + "yyyyyyyyyyyy";
        EXPECT_EQ(first_invalid_utf8(text), invalid_at ? before + *invalid_at : text.size()) << before;
    }
}

INSTANTIATE_TEST_SUITE_P(WellFormed, Utf8,
                         testing::ValuesIn(std::vector<Row>{
                             {"empty", "", {}},
                             {"nul", std::string(1, '\0'), {}},
                             {"last_ascii", "\x7F", {}},
                             {"first_of_two", "\xC2\x80", {}},
                             {"last_of_two", "\xDF\xBF", {}},
                             {"first_of_three", "\xE0\xA0\x80", {}},
                             {"before_surrogates", "\xED\x9F\xBF", {}},
                             {"after_surrogates", "\xEE\x80\x80", {}},
                             {"last_of_three", "\xEF\xBF\xBF", {}},
                             {"byte_order_mark", "\xEF\xBB\xBF", {}},
                             {"first_of_four", "\xF0\x90\x80\x80", {}},
                             {"last_of_four", "\xF4\x8F\xBF\xBF", {}},
                             {"mixed", "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80z", {}},
                         }),
                         [](const auto &info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(IllFormed, Utf8,
                         testing::ValuesIn(std::vector<Row>{
                             {"continuation_alone", "\x80", 0},
                             {"continuation_last", "\xBF", 0},
                             {"overlong_nul", "\xC0\x80", 0},
                             {"overlong_slash", "\xC0\xAF", 0},
                             {"overlong_two", "\xC1\xBF", 0},
                             {"overlong_three", "\xE0\x9F\xBF", 0},
                             {"overlong_four", "\xF0\x8F\xBF\xBF", 0},
                             {"first_surrogate", "\xED\xA0\x80", 0},
                             {"last_surrogate", "\xED\xBF\xBF", 0},
                             {"surrogate_pair_as_six_bytes", "\xED\xA0\xBD\xED\xB8\x80", 0},
                             {"above_the_last", "\xF4\x90\x80\x80", 0},
                             {"lead_f5", "\xF5\x80\x80\x80", 0},
                             {"five_bytes", "\xF8\x88\x80\x80\x80", 0},
                             {"lead_fe", "\xFE", 0},
                             {"lead_ff", "\xFF", 0},
                             {"two_cut", "\xC3", 0},
                             {"three_cut_at_one", "\xE2", 0},
                             {"three_cut_at_two", "\xE2\x82", 0},
                             {"four_cut_at_three", "\xF0\x9F\x98", 0},
                             {"two_then_ascii", "\xC3(", 0},
                             {"three_then_ascii", "\xE2\x82(", 0},
                             {"four_then_ascii", "\xF0\x9F\x98(", 0},
                             {"four_then_lead", "\xF0\x9F\x98\xC3\xA9", 0},
                             {"one_too_many", "\xC3\xA9\xA9", 2},
                             {"latin1", "caf\xE9", 3},
                             {"good_then_bad", "\xF0\x9F\x98\x80\xE2\x82", 4},
                         }),
                         [](const auto &info) { return info.param.name; });

/** All sequences of one to four bytes over the bytes that the rules speak of, against code points written out. */
TEST(Utf8, AcceptsExactlyTheCodePoints)
{
    const auto encode = [](std::uint32_t point) {
        const auto tail = [point](int shift) { return static_cast<char>(0x80 | (point >> shift & 0x3F)); };
        if (point < 0x80) return std::string{static_cast<char>(point)};
        if (point < 0x800) return std::string{static_cast<char>(0xC0 | point >> 6), tail(0)};
        if (point < 0x10000) return std::string{static_cast<char>(0xE0 | point >> 12), tail(6), tail(0)};
        return std::string{static_cast<char>(0xF0 | point >> 18), tail(12), tail(6), tail(0)};
    };
    for (std::uint32_t point = 0; point < 0x200000; ++point) {
        const std::string text = encode(point);
        const bool is_scalar = point <= 0x10FFFF && (point < 0xD800 || point > 0xDFFF);
        ASSERT_EQ(first_invalid_utf8(text), is_scalar ? text.size() : 0) << std::hex << point;
    }
}

TEST(Utf8, CountsCharactersNotBytes)
{
    EXPECT_EQ(count_characters(""), 0);
    EXPECT_EQ(count_characters("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80z"), 5);
}

TEST(Utf8, ATextWithAZeroByteIsWellFormedButNotStorable)
{
    const std::string text("a\0b", 3);
    EXPECT_TRUE(is_utf8(text));
    EXPECT_FALSE(is_storable_text(text));
    EXPECT_TRUE(is_storable_text("a\xC3\xA9"));
    EXPECT_FALSE(is_storable_text("\xC3"));
}

} // namespace
} // namespace analytics::core
