/* What the reader refuses as invalid_json, each with what is missing and at which byte. */
#include "named_bytes.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace analytics::core {
namespace {

using namespace std::string_literals;

struct Row : NamedBytes {
    const char *detail;
};

class RefusedJson : public testing::TestWithParam<Row> {};
TEST_P(RefusedJson, SaysWhatAndWhere)
{
    Document document;
    const Refusal refusal = document.read(GetParam().bytes, {});
    EXPECT_EQ(refusal.reason, Reason::invalid_json);
    EXPECT_EQ(refusal.detail, GetParam().detail);
}

INSTANTIATE_TEST_SUITE_P(Nothing, RefusedJson,
                         testing::ValuesIn(std::vector<Row>{
                             {"empty", "", "missing a value at byte 0"},
                             {"blank", " ", "missing a value at byte 1"},
                             {"blanks", " \t\r\n", "missing a value at byte 4"},
                             {"closing_bracket", "]", "missing a value at byte 0"},
                             {"closing_brace", "}", "missing a value at byte 0"},
                             {"comma", ",", "missing a value at byte 0"},
                             {"colon", " :", "missing a value at byte 1"},
                             {"byte_order_mark_alone", "\xEF\xBB\xBF", "a byte order mark at byte 0"},
                             {"byte_order_mark", "\xEF\xBB\xBF{}", "a byte order mark at byte 0"},
                             {"nul_alone", "\0"s, "a NUL byte at byte 0"},
                             {"comment", "/* a */{}", "invalid value at byte 0"},
                         }),
                         name_of<Row>);

INSTANTIATE_TEST_SUITE_P(Trailing, RefusedJson,
                         testing::ValuesIn(std::vector<Row>{
                             {"second_value", "{}{}", "something follows the value at byte 2"},
                             {"second_value_after_blank", "{} {}", "something follows the value at byte 3"},
                             {"trailing_brace", "{}}", "something follows the value at byte 2"},
                             {"trailing_bracket", "[]]", "something follows the value at byte 2"},
                             {"trailing_comma", "{},", "something follows the value at byte 2"},
                             {"trailing_word", "{}x", "something follows the value at byte 2"},
                             {"trailing_hash", "{}#", "something follows the value at byte 2"},
                             {"trailing_comment", "{}//", "something follows the value at byte 2"},
                             {"trailing_nul", "{}\0"s, "a NUL byte at byte 2"},
                             {"trailing_nul_then_value", "{}\0{}"s, "a NUL byte at byte 2"},
                             {"trailing_no_break_space", "{}\xC2\xA0", "something follows the value at byte 2"},
                             {"two_numbers", "1 2", "something follows the value at byte 2"},
                             {"two_strings", R"("a""b")", "something follows the value at byte 3"},
                             {"newline_delimited", "{}\n{}", "something follows the value at byte 3"},
                         }),
                         name_of<Row>);

INSTANTIATE_TEST_SUITE_P(
    Objects, RefusedJson,
    testing::ValuesIn(std::vector<Row>{
        {"object_cut", "{", "missing a member name at byte 1"},
        {"object_cut_after_name", R"({"a")", "missing a colon after a member name at byte 4"},
        {"object_cut_after_colon", R"({"a":)", "invalid value at byte 5"},
        {"object_cut_after_value", R"({"a":1)", "missing a comma or } after an object member at byte 6"},
        {"object_cut_after_comma", R"({"a":1,)", "missing a member name at byte 7"},
        {"object_trailing_comma", R"({"a":1,})", "missing a member name at byte 7"},
        {"object_leading_comma", R"({,"a":1})", "missing a member name at byte 1"},
        {"object_double_comma", R"({"a":1,,"b":2})", "missing a member name at byte 7"},
        {"object_no_comma", R"({"a":1 "b":2})", "missing a comma or } after an object member at byte 7"},
        {"object_no_colon", R"({"a" 1})", "missing a colon after a member name at byte 5"},
        {"object_double_colon", R"({"a"::1})", "invalid value at byte 5"},
        {"object_equals", R"({"a"=1})", "missing a colon after a member name at byte 4"},
        {"object_no_value", R"({"a":})", "invalid value at byte 5"},
        {"object_comma_for_colon", R"({"a",1})", "missing a colon after a member name at byte 4"},
        {"object_bare_name", "{a:1}", "missing a member name at byte 1"},
        {"object_single_quotes", "{'a':1}", "missing a member name at byte 1"},
        {"object_number_name", "{1:1}", "missing a member name at byte 1"},
        {"object_null_name", "{null:1}", "missing a member name at byte 1"},
        {"object_array_name", "{[]:1}", "missing a member name at byte 1"},
        {"object_value_alone", R"({"a"})", "missing a colon after a member name at byte 4"},
        {"object_closed_by_bracket", R"({"a":1])", "missing a comma or } after an object member at byte 6"},
        {"object_opened_twice", "{{}}", "missing a member name at byte 1"},
        {"object_string_behind", R"({"a":"b""c"})", "missing a comma or } after an object member at byte 8"},
        {"object_comment", R"({"a":/**/1})", "invalid value at byte 5"},
        {"object_nul_inside", "{\"a\":\0}"s, "a NUL byte at byte 5"},
        {"object_nul_after_name", "{\"a\"\0:1}"s, "a NUL byte at byte 4"},
    }),
    name_of<Row>);

INSTANTIATE_TEST_SUITE_P(
    Arrays, RefusedJson,
    testing::ValuesIn(std::vector<Row>{
        {"array_cut", "[", "invalid value at byte 1"},
        {"array_cut_after_value", "[1", "missing a comma or ] after an array element at byte 2"},
        {"array_cut_after_comma", "[1,", "invalid value at byte 3"},
        {"array_trailing_comma", "[1,]", "invalid value at byte 3"},
        {"array_leading_comma", "[,1]", "invalid value at byte 1"},
        {"array_only_comma", "[,]", "invalid value at byte 1"},
        {"array_double_comma", "[1,,2]", "invalid value at byte 3"},
        {"array_no_comma", "[1 2]", "missing a comma or ] after an array element at byte 3"},
        {"array_no_comma_strings", R"(["a""b"])", "missing a comma or ] after an array element at byte 4"},
        {"array_colon", R"(["a":1])", "missing a comma or ] after an array element at byte 4"},
        {"array_semicolon", "[1;2]", "missing a comma or ] after an array element at byte 2"},
        {"array_closed_by_brace", "[1}", "missing a comma or ] after an array element at byte 2"},
        {"array_crossed", "[{]}", "missing a member name at byte 2"},
        {"array_inner_not_closed", "[[1]", "missing a comma or ] after an array element at byte 4"},
        {"array_nul_inside", "[\0]"s, "a NUL byte at byte 1"},
        {"array_nul_after_element", "[1\0]"s, "a NUL byte at byte 2"},
        {"array_vertical_tab", "[\v1]", "invalid value at byte 1"},
        {"array_form_feed", "[1\f]", "missing a comma or ] after an array element at byte 2"},
        {"array_no_break_space",
         "[\xC2\xA0"
         "1]",
         "invalid value at byte 1"},
        {"array_line_separator",
         "[\xE2\x80\xA8"
         "1]",
         "invalid value at byte 1"},
    }),
    name_of<Row>);

INSTANTIATE_TEST_SUITE_P(Words, RefusedJson,
                         testing::ValuesIn(std::vector<Row>{
                             {"null_cut", "nul", "invalid value at byte 3"},
                             {"null_misspelt", "[nulL]", "invalid value at byte 4"},
                             {"null_capital", "Null", "invalid value at byte 0"},
                             {"null_and_more", "nulls", "something follows the value at byte 4"},
                             {"true_cut", "[tru]", "invalid value at byte 4"},
                             {"true_capital", "TRUE", "invalid value at byte 0"},
                             {"false_cut", "fals", "invalid value at byte 4"},
                             {"false_capital", "[False]", "invalid value at byte 1"},
                             {"false_and_more", "[falsey]", "missing a comma or ] after an array element at byte 6"},
                             {"undefined", "undefined", "invalid value at byte 0"},
                             {"not_a_number", "NaN", "invalid value at byte 0"},
                             {"infinity", "[Infinity]", "invalid value at byte 1"},
                             {"minus_infinity", "[-Infinity]", "invalid value at byte 2"},
                             {"short_infinity", "Inf", "invalid value at byte 0"},
                             {"bare_word", "[abc]", "invalid value at byte 1"},
                             {"star", "*", "invalid value at byte 0"},
                             {"angle", "<html>", "invalid value at byte 0"},
                         }),
                         name_of<Row>);

INSTANTIATE_TEST_SUITE_P(
    Numbers, RefusedJson,
    testing::ValuesIn(std::vector<Row>{
        {"minus_alone", "-", "invalid value at byte 1"},
        {"minus_alone_in_array", "[-]", "invalid value at byte 2"},
        {"minus_blank", "[- 1]", "invalid value at byte 2"},
        {"minus_twice", "[--1]", "invalid value at byte 2"},
        {"minus_word", "[-a]", "invalid value at byte 2"},
        {"plus", "[+1]", "invalid value at byte 1"},
        {"plus_minus", "[+-1]", "invalid value at byte 1"},
        {"leading_zero", "[01]", "missing a comma or ] after an array element at byte 2"},
        {"leading_zero_minus", "[-01]", "missing a comma or ] after an array element at byte 3"},
        {"two_zeroes", "[00]", "missing a comma or ] after an array element at byte 2"},
        {"leading_zero_fraction", "[012.5]", "missing a comma or ] after an array element at byte 2"},
        {"leading_zero_alone", "012", "something follows the value at byte 1"},
        {"point_first", "[.5]", "invalid value at byte 1"},
        {"point_first_minus", "[-.5]", "invalid value at byte 2"},
        {"point_last", "[1.]", "missing digits after a decimal point at byte 3"},
        {"point_last_zero", "[0.]", "missing digits after a decimal point at byte 3"},
        {"point_last_many_digits", "[12345.]", "missing digits after a decimal point at byte 7"},
        {"point_then_exponent", "[1.e5]", "missing digits after a decimal point at byte 3"},
        {"points", "[1.2.3]", "missing a comma or ] after an array element at byte 4"},
        {"points_together", "[1..2]", "missing digits after a decimal point at byte 3"},
        {"point_cut", "1.", "missing digits after a decimal point at byte 2"},
        {"exponent_empty", "[1e]", "missing digits in an exponent at byte 3"},
        {"exponent_empty_plus", "[1e+]", "missing digits in an exponent at byte 4"},
        {"exponent_empty_minus", "[1E-]", "missing digits in an exponent at byte 4"},
        {"exponent_two_signs", "[1e+-1]", "missing digits in an exponent at byte 4"},
        {"exponent_twice", "[1e2e3]", "missing a comma or ] after an array element at byte 4"},
        {"exponent_fraction", "[1e2.5]", "missing a comma or ] after an array element at byte 4"},
        {"exponent_cut", "1e", "missing digits in an exponent at byte 2"},
        {"exponent_alone", "[e5]", "invalid value at byte 1"},
        {"exponent_blank", "[1 e5]", "missing a comma or ] after an array element at byte 3"},
        {"hexadecimal", "[0x1F]", "missing a comma or ] after an array element at byte 2"},
        {"octal_prefix", "[0o7]", "missing a comma or ] after an array element at byte 2"},
        {"underscore", "[1_000]", "missing a comma or ] after an array element at byte 2"},
        {"thousands", "[1 000]", "missing a comma or ] after an array element at byte 3"},
        {"letter_behind", "[1a]", "missing a comma or ] after an array element at byte 2"},
        {"float_suffix", "[1.5f]", "missing a comma or ] after an array element at byte 4"},
        {"fullwidth_digit", "[\xEF\xBC\x91]", "invalid value at byte 1"},
        {"superscript", "[1\xC2\xB2]", "missing a comma or ] after an array element at byte 2"},
        {"huge_then_letter", "[1e999999999999x]", "missing a comma or ] after an array element at byte 15"},
    }),
    name_of<Row>);

INSTANTIATE_TEST_SUITE_P(
    Strings, RefusedJson,
    testing::ValuesIn(std::vector<Row>{
        {"string_cut", R"("a)", "missing a closing quotation mark at byte 2"},
        {"string_cut_empty", R"(")", "missing a closing quotation mark at byte 1"},
        {"string_cut_in_name", R"({"a)", "missing a closing quotation mark at byte 3"},
        {"string_cut_by_escape", R"("a\")", "missing a closing quotation mark at byte 4"},
        {"string_cut_long", '"' + std::string(100, 'x'), "missing a closing quotation mark at byte 101"},
        {"string_cut_at_backslash", R"("a\)", "invalid escape at byte 2"},
        {"string_cut_in_unicode", R"("\u00)", "invalid hexadecimal digit in an escape at byte 1"},
        {"string_cut_at_u", R"("\u)", "invalid hexadecimal digit in an escape at byte 1"},
        {"string_cut_in_second_half", R"("\uD83D\u)", "invalid hexadecimal digit in an escape at byte 7"},
        {"string_cut_after_pair", R"("\uD83D\uDE00)", "missing a closing quotation mark at byte 13"},
        {"string_cut_after_half", R"("\uD83D)", "missing a closing quotation mark at byte 7"},
        {"escape_unknown", R"("\a")", "invalid escape at byte 1"},
        {"escape_apostrophe", R"("\'")", "invalid escape at byte 1"},
        {"escape_hex", R"("\x41")", "invalid escape at byte 1"},
        {"escape_zero", R"("\0")", "invalid escape at byte 1"},
        {"escape_capital_u", R"("\U0041")", "invalid escape at byte 1"},
        {"escape_newline", "\"\\\n\"", "invalid escape at byte 1"},
        {"escape_utf8", "\"\\\xC3\xA9\"", "invalid escape at byte 1"},
        {"escape_nul", "\"\\\0\""s, "invalid escape at byte 1"},
        {"escape_after_text", R"("0123456789\q")", "invalid escape at byte 11"},
        {"unicode_three_digits", R"("\u004")", "invalid hexadecimal digit in an escape at byte 1"},
        {"unicode_bad_digit", R"("\u00G0")", "invalid hexadecimal digit in an escape at byte 1"},
        {"unicode_blank", R"("\u 041")", "invalid hexadecimal digit in an escape at byte 1"},
        {"unicode_braces", R"("\u{41}")", "invalid hexadecimal digit in an escape at byte 1"},
        {"unicode_sign", R"("\u+041")", "invalid hexadecimal digit in an escape at byte 1"},
        {"unicode_bad_second_half", R"("\uD83D\uDE0G")", "invalid hexadecimal digit in an escape at byte 7"},
        {"unicode_half_then_bad_escape", R"("\uD83D\q")", "invalid escape at byte 7"},
        {"control_newline", "\"a\nb\"", "unescaped control character in a string at byte 2"},
        {"control_tab", "\"\t\"", "unescaped control character in a string at byte 1"},
        {"control_return", "[\"\r\"]", "unescaped control character in a string at byte 2"},
        {"control_one", "\"\x01\"", "unescaped control character in a string at byte 1"},
        {"control_last", "\"\x1F\"", "unescaped control character in a string at byte 1"},
        {"control_in_name", "{\"a\nb\":1}", "unescaped control character in a string at byte 3"},
        {"control_after_block", "\"0123456789abcdef\x1F\"", "unescaped control character in a string at byte 17"},
        {"nul_in_string", "\"a\0b\""s, "a NUL byte at byte 2"},
        {"nul_in_name", "{\"\0\":1}"s, "a NUL byte at byte 2"},
        {"single_quotes", "'a'", "invalid value at byte 0"},
        {"backquotes", "[`a`]", "invalid value at byte 1"},
        {"typographic_quotes",
         "[\xE2\x80\x9C"
         "a\xE2\x80\x9D]",
         "invalid value at byte 1"},
        {"escape_outside", R"([\n])", "invalid value at byte 1"},
        {"escape_outside_behind", R"([1\n])", "missing a comma or ] after an array element at byte 2"},
        {"unicode_escape_outside", R"([\u0031])", "invalid value at byte 1"},
        {"position_counts_bytes", "{\"\xC3\xA9\":1,}", "missing a member name at byte 8"},
    }),
    name_of<Row>);

/** Every byte below 0x20 inside a string. */
class RawControl : public testing::TestWithParam<int> {};
TEST_P(RawControl, IsInvalidInAString)
{
    Document document;
    const std::string bytes = "\"0123456" + std::string(1, static_cast<char>(GetParam())) + "89abcdef\"";
    const Refusal refusal = document.read(bytes, {});
    EXPECT_EQ(refusal.reason, Reason::invalid_json);
    EXPECT_TRUE(refusal.detail.ends_with(" at byte 8")) << refusal.detail;
}
INSTANTIATE_TEST_SUITE_P(Strings, RawControl, testing::Range(0, 0x20));

/** A sound event cut anywhere is never sound, and the place is where it was cut, or the start of what was cut there. */
TEST(RefusedJson, EveryProperPrefixIsRefused)
{
    const std::string whole = R"({"a":[1.5e3,null,true,false,"\u00e9\uD83D\uDE00x"],"b":{"c":-0,"d":""}})";
    Document document;
    ASSERT_FALSE(document.read(whole, {}));
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const Refusal refusal = document.read(whole.substr(0, size), {});
        EXPECT_EQ(refusal.reason, Reason::invalid_json) << whole.substr(0, size);
        const std::size_t at = std::stoul(refusal.detail.substr(refusal.detail.rfind(' ')));
        EXPECT_LE(at, size) << refusal.detail;
        EXPECT_GE(at + 12, size) << refusal.detail;
    }
}

} // namespace
} // namespace analytics::core
