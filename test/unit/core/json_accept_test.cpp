/* What the reader accepts, and the tape that it writes: order, duplicates, digits and texts as they are in the
 * bytes. */
#include "named_bytes.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace analytics::core {
namespace {

using namespace std::string_literals;

struct Row : NamedBytes {
    std::string tape; // as tape_text shows it
};

class AcceptedJson : public testing::TestWithParam<Row> {};
TEST_P(AcceptedJson, IsLaidOnTheTapeAsItCame)
{
    Document document;
    const Refusal refusal = document.read(GetParam().bytes, {});
    ASSERT_FALSE(refusal) << name(refusal.reason) << ": " << refusal.detail;
    EXPECT_EQ(tape_fault(document), "");
    EXPECT_EQ(tape_text(document), GetParam().tape);
    EXPECT_EQ(document[0].end, document.size());
    EXPECT_FALSE(document.unstorable());
}

INSTANTIATE_TEST_SUITE_P(Scalars, AcceptedJson,
                         testing::ValuesIn(std::vector<Row>{
                             {"null_alone", "null", "null"},
                             {"true_alone", "true", "true"},
                             {"false_alone", "false", "false"},
                             {"string_alone", R"("a")", "'a'"},
                             {"empty_string_alone", R"("")", "''"},
                             {"number_alone", "42", "42"},
                             {"digit_alone", "7", "7"},
                             {"blanks_around", " \t\r\n1 \t\r\n", "1"},
                             {"newline_behind", "{}\n", "{}"},
                         }),
                         name_of<Row>);

INSTANTIATE_TEST_SUITE_P(
    Numbers, AcceptedJson,
    testing::ValuesIn(std::vector<Row>{
        {"zero", "[0]", "[0]"},
        {"minus_zero", "[-0]", "[-0]"},
        {"minus_zero_point", "[-0.0]", "[-0.0]"},
        {"zero_exponent", "[0e0]", "[0e0]"},
        {"zero_exponent_plus", "[0e+1]", "[0e+1]"},
        {"zero_capital_exponent", "[0E-1]", "[0E-1]"},
        {"one_digit", "[9]", "[9]"},
        {"ten", "[10]", "[10]"},
        {"minus_one", "[-1]", "[-1]"},
        {"int32_max", "[2147483647]", "[2147483647]"},
        {"uint32_and_one", "[4294967296]", "[4294967296]"},
        {"int64_min", "[-9223372036854775808]", "[-9223372036854775808]"},
        {"uint64_max", "[18446744073709551615]", "[18446744073709551615]"},
        {"uint64_and_one", "[18446744073709551616]", "[18446744073709551616]"},
        {"trailing_zeroes", "[1.5000]", "[1.5000]"},
        {"leading_fraction_zeroes", "[0.000000000000000000001]", "[0.000000000000000000001]"},
        {"fraction_of_zeroes", "[0.0000]", "[0.0000]"},
        {"exponent", "[1e5]", "[1e5]"},
        {"capital_exponent", "[1E5]", "[1E5]"},
        {"exponent_plus", "[1e+05]", "[1e+05]"},
        {"exponent_minus", "[1.25e-7]", "[1.25e-7]"},
        {"exponent_leading_zeroes", "[1e0000000000000000003]", "[1e0000000000000000003]"},
        {"beyond_double", "[1e309]", "[1e309]"},
        {"beyond_double_with_fraction", "[123.456e307]", "[123.456e307]"},
        {"largest_power_of_numeric", "[1e131071]", "[1e131071]"},
        {"smallest_power_of_numeric", "[1e-16383]", "[1e-16383]"},
        {"zero_with_a_huge_exponent", "[0e1000000]", "[0e1000000]"},
        {"all_ten_digits", "[1234567890.0987654321]", "[1234567890.0987654321]"},
        {"four_hundred_digits", "[" + std::string(400, '9') + "]", "[" + std::string(400, '9') + "]"},
        {"in_a_member_then_more", R"({"a":12345,"b":-0.5e-3,"c":7})", "{'a':12345,'b':-0.5e-3,'c':7}"},
        {"blanks_behind", "[12 ,\t34\n]", "[12,34]"},
    }),
    name_of<Row>);

INSTANTIATE_TEST_SUITE_P(
    Strings, AcceptedJson,
    testing::ValuesIn(std::vector<Row>{
        {"all_short_escapes", R"("\"\\\/\b\f\n\r\t")", R"('"\x5C/\x08\x0C\x0A\x0D\x09')"},
        {"escape_first", R"("\na")", R"('\x0Aa')"},
        {"escape_last", R"("a\n")", R"('a\x0A')"},
        {"escape_between_long_runs", R"("0123456789abcdef\t0123456789abcdef\tend")",
         R"('0123456789abcdef\x090123456789abcdef\x09end')"},
        {"escapes_in_a_row", R"("\n\n\u0041\n\\\\u0041")", R"('\x0A\x0AA\x0A\x5C\x5Cu0041')"},
        {"unicode_escape_ascii", R"("\u0041")", "'A'"},
        {"unicode_escape_lower_hex", R"("\u00e9")", R"('\xC3\xA9')"},
        {"unicode_escape_upper_hex", R"("\u00E9")", R"('\xC3\xA9')"},
        {"unicode_escape_three_bytes", R"("\u20ac")", R"('\xE2\x82\xAC')"},
        {"unicode_escape_control", R"("\u001f")", R"('\x1F')"},
        {"unicode_escape_one", R"("\u0001")", R"('\x01')"},
        {"unicode_escape_quote", R"("\u0022x")", R"('"x')"},
        {"unicode_escape_backslash", R"("\u005cn")", R"('\x5Cn')"},
        {"unicode_escape_digits_behind", R"("\u00411234")", "'A1234'"},
        {"unicode_escape_text_behind", R"("\u0041bcdef0123456789")", "'Abcdef0123456789'"},
        {"last_before_surrogates", R"("\uD7FF")", R"('\xED\x9F\xBF')"},
        {"first_after_surrogates", R"("\uE000")", R"('\xEE\x80\x80')"},
        {"last_of_the_plane", R"("\uFFFF")", R"('\xEF\xBF\xBF')"},
        {"surrogate_pair", R"("\uD83D\uDE00")", R"('\xF0\x9F\x98\x80')"},
        {"surrogate_pair_lower_hex", R"("\ud83d\ude00")", R"('\xF0\x9F\x98\x80')"},
        {"first_surrogate_pair", R"("\uD800\uDC00")", R"('\xF0\x90\x80\x80')"},
        {"last_surrogate_pair", R"("\uDBFF\uDFFF")", R"('\xF4\x8F\xBF\xBF')"},
        {"two_surrogate_pairs", R"("\uD83D\uDE00\uD83D\uDE01")", R"('\xF0\x9F\x98\x80\xF0\x9F\x98\x81')"},
        {"surrogate_pair_then_text", R"("\uD83D\uDE00dddddddddddd")", R"('\xF0\x9F\x98\x80dddddddddddd')"},
        {"escaped_backslash_before_u", R"("\\uD83D")", R"('\x5CuD83D')"},
        {"escaped_backslash_before_u0000", R"("\\u0000")", R"('\x5Cu0000')"},
        {"raw_two_bytes", "\"\xC3\xA9\"", R"('\xC3\xA9')"},
        {"raw_three_bytes", "\"\xE2\x82\xAC\"", R"('\xE2\x82\xAC')"},
        {"raw_four_bytes", "\"\xF0\x9F\x98\x80\"", R"('\xF0\x9F\x98\x80')"},
        {"raw_byte_order_mark_inside", "\"\xEF\xBB\xBF\"", R"('\xEF\xBB\xBF')"},
        {"raw_delete", "\"\x7F\"", R"('\x7F')"},
        {"raw_noncharacter", "\"\xEF\xBF\xBF\"", R"('\xEF\xBF\xBF')"},
        {"seven_plain_bytes", R"("1234567")", "'1234567'"},
        {"eight_plain_bytes", R"("12345678")", "'12345678'"},
        {"nine_plain_bytes", R"("123456789")", "'123456789'"},
        {"digits_are_not_numbers", R"("1111111")", "'1111111'"},
        {"structure_inside", R"("{\"a\":[1,2]}")", R"('{"a":[1,2]}')"},
        {"apostrophe", R"("'")", R"('\x27')"},
    }),
    name_of<Row>);

INSTANTIATE_TEST_SUITE_P(Containers, AcceptedJson,
                         testing::ValuesIn(std::vector<Row>{
                             {"empty_object", "{}", "{}"},
                             {"empty_array", "[]", "[]"},
                             {"empty_with_blanks", "{ \n }", "{}"},
                             {"empty_array_with_blanks", "[ \n ]", "[]"},
                             {"one_member", R"({"a":null})", "{'a':null}"},
                             {"empty_name", R"({"":0})", "{'':0}"},
                             {"escaped_name", R"({"\u0061\n":0})", R"({'a\x0A':0})"},
                             {"blanks_everywhere", " { \"a\" : [ 1 , true ] , \"b\" : { } } ", "{'a':[1,true],'b':{}}"},
                             {"every_kind", R"({"n":null,"f":false,"t":true,"i":1,"s":"x","a":[],"o":{}})",
                              "{'n':null,'f':false,'t':true,'i':1,'s':'x','a':[],'o':{}}"},
                             {"duplicates_are_kept", R"({"a":1,"a":2,"a":1})", "{'a':1,'a':2,'a':1}"},
                             {"duplicates_by_escape_are_kept", R"({"a":1,"\u0061":2})", "{'a':1,'a':2}"},
                             {"order_is_kept", R"({"z":1,"a":2,"m":3})", "{'z':1,'a':2,'m':3}"},
                             {"arrays_in_arrays", "[[],[[]],[1,[2,[3]]]]", "[[],[[]],[1,[2,[3]]]]"},
                             {"objects_in_objects", R"({"a":{"b":{"c":{}}},"d":{}})", "{'a':{'b':{'c':{}}},'d':{}}"},
                             {"mixed_nesting", R"([{"a":[{"b":[null]}]}])", "[{'a':[{'b':[null]}]}]"},
                             {"siblings_after_nesting", R"({"a":[1,[2]],"b":[3]})", "{'a':[1,[2]],'b':[3]}"},
                         }),
                         name_of<Row>);

/** A string of n plain bytes with an escape behind it, read in place: each n puts the escape elsewhere in a block. */
class StringLength : public testing::TestWithParam<std::size_t> {};
TEST_P(StringLength, KeepsEveryByte)
{
    const std::string plain(GetParam(), 'x');
    Document document;
    ASSERT_FALSE(document.read("[\"" + plain + "\\n" + plain + "\",\"" + plain + "\"]", {}));
    EXPECT_EQ(document[1].view(), plain + "\n" + plain);
    EXPECT_EQ(document[2].view(), plain);
}
INSTANTIATE_TEST_SUITE_P(Strings, StringLength, testing::Range<std::size_t>(0, 20));

TEST(AcceptedJson, HoldsAStringOfNearlyAMebibyte)
{
    const std::string text((std::size_t{1} << 20) - 2, 'x');
    Document document;
    ASSERT_FALSE(document.read('"' + text + '"', {}));
    EXPECT_EQ(document[0].view(), text);
}

TEST(AcceptedJson, CountsElementsAndMembers)
{
    Document document;
    ASSERT_FALSE(document.read(R"({"a":[1,2,3],"a":{},"b":[[]]})", {}));
    EXPECT_EQ(document[0].size, 3U) << "members, duplicates included";
    EXPECT_EQ(document[2].size, 3U) << "elements";
}

TEST(AcceptedJson, NeedsNoTerminatorBehindTheBytes)
{
    const std::string bytes = "[12]34";
    Document document;
    EXPECT_FALSE(document.read(std::string_view(bytes).substr(0, 4), {}));
    EXPECT_EQ(document.read(std::string_view(bytes).substr(0, 3), {}).reason, Reason::invalid_json);
}

TEST(AcceptedJson, LeavesTheCallersBytesAlone)
{
    const std::string bytes = R"({"a":"\n\uD83D","b":"\u00e9"})";
    const std::string before = bytes;
    Document document;
    ASSERT_FALSE(document.read(bytes, {}));
    EXPECT_EQ(bytes, before);
}

TEST(AcceptedJson, StartsAnewWithEachRecord)
{
    Document document;
    ASSERT_TRUE(document.read(R"({"a":[1,{"b":)", {}));
    ASSERT_FALSE(document.read(R"(["\u0000",1e999999])", {}));
    ASSERT_TRUE(document.unstorable());
    ASSERT_FALSE(document.read("[1]", {}));
    EXPECT_EQ(tape_text(document), "[1]");
    EXPECT_FALSE(document.unstorable());
}

} // namespace
} // namespace analytics::core
