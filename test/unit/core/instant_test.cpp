/* Instants: each accepted form, each bound from both sides, the writer.
 *
 * A row expects the ISO text of the instant, or nothing when the input is refused. instant_property_test.cpp tests that
 * text: it compares calendar and numbers with oracles. */
#include "../../../extension/core/instant.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace analytics::core {
namespace {

struct Row {
    const char *name;
    std::string input;
    const char *iso; // null: refused
};

void PrintTo(const Row &row, std::ostream *out)
{
    *out << row.input;
}

std::string name_of(const testing::TestParamInfo<Row> &info)
{
    return info.param.name;
}

std::string iso_or_refused(std::optional<Instant> instant)
{
    return instant ? std::string(iso8601(*instant).view()) : "refused";
}

std::string expected(const Row &row)
{
    return row.iso == nullptr ? "refused" : row.iso;
}

class TextInstant : public testing::TestWithParam<Row> {};
TEST_P(TextInstant, IsReadExactlyOrRefused)
{
    EXPECT_EQ(iso_or_refused(instant_of_text(GetParam().input)), expected(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(
    Form, TextInstant,
    testing::ValuesIn(std::vector<Row>{
        {"zulu", "2025-11-16T18:14:00Z", "2025-11-16T18:14:00Z"},
        {"small_t_and_z", "2025-11-16t18:14:00z", "2025-11-16T18:14:00Z"},
        {"one_space", "2025-11-16 18:14:00Z", "2025-11-16T18:14:00Z"},
        {"naive_is_utc", "2025-11-16T18:14:00", "2025-11-16T18:14:00Z"},
        {"no_seconds_naive", "2025-11-16T18:14", "2025-11-16T18:14:00Z"},
        {"no_seconds_zulu", "2025-11-16T18:14Z", "2025-11-16T18:14:00Z"},
        {"no_seconds_offset", "2025-11-16T18:14+02:00", "2025-11-16T16:14:00Z"},
        {"offset_with_colon", "2025-11-16T13:14:00-05:00", "2025-11-16T18:14:00Z"},
        {"offset_without_colon", "2025-11-16T13:14:00-0500", "2025-11-16T18:14:00Z"},
        {"offset_hours_only", "2025-11-16T13:14:00-05", "2025-11-16T18:14:00Z"},
        {"offset_half_hour", "2025-11-16T23:44:00+05:30", "2025-11-16T18:14:00Z"},
        {"offset_negative_half_hour", "2025-11-16T14:44:00-03:30", "2025-11-16T18:14:00Z"},
        {"offset_minus_zero", "2025-11-16T18:14:00-00:00", "2025-11-16T18:14:00Z"},
        {"offset_into_next_day", "2025-12-31T23:00:00-02:00", "2026-01-01T01:00:00Z"},
        {"offset_into_previous_day", "2025-01-01T01:00:00+02:00", "2024-12-31T23:00:00Z"},
        {"fraction_of_one_digit", "2025-11-16T18:14:00.5Z", "2025-11-16T18:14:00.500000Z"},
        {"fraction_of_three_digits", "2025-11-16T18:14:00.123Z", "2025-11-16T18:14:00.123000Z"},
        {"fraction_of_six_digits", "2025-11-16T18:14:00.000001Z", "2025-11-16T18:14:00.000001Z"},
        {"fraction_truncated", "2025-11-16T18:14:00.123456789Z", "2025-11-16T18:14:00.123456Z"},
        {"fraction_never_rounded_up", "2025-12-31T23:59:59.9999999999Z", "2025-12-31T23:59:59.999999Z"},
        {"fraction_below_the_microsecond", "2025-11-16T18:14:00.0000009Z", "2025-11-16T18:14:00Z"},
        {"fraction_before_the_epoch_counts_forward", "1969-12-31T23:59:58.0000009Z", "1969-12-31T23:59:58Z"},
        {"fraction_of_zeroes", "2025-11-16T18:14:00.000Z", "2025-11-16T18:14:00Z"},
        {"fraction_after_comma", "2025-11-16T18:14:00,25Z", "2025-11-16T18:14:00.250000Z"},
        {"fraction_naive", "2025-11-16T18:14:00.123456789", "2025-11-16T18:14:00.123456Z"},
        {"fraction_and_offset", "2025-11-16T13:14:00.5-05", "2025-11-16T18:14:00.500000Z"},
        {"fraction_of_a_thousand_digits", "2025-11-16T18:14:00." + std::string(1000, '9') + "Z",
         "2025-11-16T18:14:00.999999Z"},
        {"epoch", "1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"},
    }),
    name_of);

INSTANTIATE_TEST_SUITE_P(Bound, TextInstant,
                         testing::ValuesIn(std::vector<Row>{
                             {"first_instant", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"},
                             {"before_the_first", "0000-12-31T23:59:59.999999Z", nullptr},
                             {"year_0", "0000-06-01T00:00:00Z", nullptr},
                             {"year_0_by_the_clock_only", "0000-12-31T23:00:00-01:00", "0001-01-01T00:00:00Z"},
                             {"year_1_by_the_clock_only", "0001-01-01T00:59:59+01:00", nullptr},
                             {"last_instant", "9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"},
                             {"last_instant_truncated", "9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.999999Z"},
                             {"last_instant_by_offset", "9999-12-31T22:59:59.999999-01:00",
                              "9999-12-31T23:59:59.999999Z"},
                             {"after_the_last_by_offset", "9999-12-31T23:00:00-01:00", nullptr},
                             {"year_10000", "10000-01-01T00:00:00Z", nullptr},
                             {"month_0", "2025-00-01T00:00:00Z", nullptr},
                             {"month_1", "2025-01-01T00:00:00Z", "2025-01-01T00:00:00Z"},
                             {"month_12", "2025-12-01T00:00:00Z", "2025-12-01T00:00:00Z"},
                             {"month_13", "2025-13-01T00:00:00Z", nullptr},
                             {"day_0", "2025-01-00T00:00:00Z", nullptr},
                             {"day_31_of_31", "2025-01-31T00:00:00Z", "2025-01-31T00:00:00Z"},
                             {"day_32", "2025-01-32T00:00:00Z", nullptr},
                             {"day_30_of_30", "2025-04-30T00:00:00Z", "2025-04-30T00:00:00Z"},
                             {"day_31_of_30", "2025-04-31T00:00:00Z", nullptr},
                             {"leap_day", "2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"},
                             {"no_leap_day", "2025-02-29T00:00:00Z", nullptr},
                             {"leap_day_of_a_fourth_century", "2000-02-29T00:00:00Z", "2000-02-29T00:00:00Z"},
                             {"no_leap_day_in_a_century", "1900-02-29T00:00:00Z", nullptr},
                             {"february_30", "2024-02-30T00:00:00Z", nullptr},
                             {"hour_23", "2025-01-01T23:00:00Z", "2025-01-01T23:00:00Z"},
                             {"hour_24", "2025-01-01T24:00:00Z", nullptr},
                             {"hour_24_without_seconds", "2025-01-01T24:00", nullptr},
                             {"minute_59", "2025-01-01T00:59:00Z", "2025-01-01T00:59:00Z"},
                             {"minute_60", "2025-01-01T00:60:00Z", nullptr},
                             {"second_59", "2025-01-01T00:00:59Z", "2025-01-01T00:00:59Z"},
                             {"second_61", "2016-12-31T23:59:61Z", nullptr},
                             {"offset_23_59_ahead", "2025-01-02T00:00:00+23:59", "2025-01-01T00:01:00Z"},
                             {"offset_23_59_behind", "2025-01-01T00:00:00-23:59", "2025-01-01T23:59:00Z"},
                             {"offset_24_hours", "2025-01-01T00:00:00+24:00", nullptr},
                             {"offset_24_hours_short", "2025-01-01T00:00:00-24", nullptr},
                             {"offset_60_minutes", "2025-01-01T00:00:00+01:60", nullptr},
                             {"offset_60_minutes_no_colon", "2025-01-01T00:00:00+0160", nullptr},
                         }),
                         name_of);

INSTANTIATE_TEST_SUITE_P(LeapSecond, TextInstant,
                         testing::ValuesIn(std::vector<Row>{
                             {"in_utc", "2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"},
                             {"naive", "2016-12-31T23:59:60", "2017-01-01T00:00:00Z"},
                             {"of_any_date", "2025-03-07T23:59:60Z", "2025-03-08T00:00:00Z"},
                             {"by_a_clock_behind", "2016-12-31T18:59:60-05:00", "2017-01-01T00:00:00Z"},
                             {"by_a_clock_ahead", "2017-01-01T05:29:60+05:30", "2017-01-01T00:00:00Z"},
                             {"keeps_its_fraction", "2016-12-31T23:59:60.5Z", "2017-01-01T00:00:00.500000Z"},
                             {"not_midnight_in_utc", "2016-12-31T23:59:60+01:00", nullptr},
                             {"at_noon", "2016-12-31T12:00:60Z", nullptr},
                             {"at_another_minute", "2016-12-31T23:58:60Z", nullptr},
                             {"at_midnight", "2016-12-31T00:00:60Z", nullptr},
                             {"ends_the_last_year", "9999-12-31T23:59:60Z", nullptr},
                             {"begins_the_first_year", "0000-12-31T23:59:60Z", "0001-01-01T00:00:00Z"},
                         }),
                         name_of);

INSTANTIATE_TEST_SUITE_P(NoInstant, TextInstant,
                         testing::ValuesIn(std::vector<Row>{
                             {"empty", "", nullptr},
                             {"now", "now", nullptr},
                             {"today", "today", nullptr},
                             {"infinity", "infinity", nullptr},
                             {"minus_infinity", "-infinity", nullptr},
                             {"epoch", "epoch", nullptr},
                             {"date_only", "2025-11-16", nullptr},
                             {"date_and_separator", "2025-11-16T", nullptr},
                             {"hour_only", "2025-11-16T18", nullptr},
                             {"hour_and_colon", "2025-11-16T18:", nullptr},
                             {"colon_without_seconds", "2025-11-16T18:14:", nullptr},
                             {"colon_without_seconds_zulu", "2025-11-16T18:14:Z", nullptr},
                             {"blank_before", " 2025-11-16T18:14:00Z", nullptr},
                             {"blank_after", "2025-11-16T18:14:00Z ", nullptr},
                             {"newline_after", "2025-11-16T18:14:00Z\n", nullptr},
                             {"blank_before_zone", "2025-11-16T18:14:00 Z", nullptr},
                             {"two_spaces", "2025-11-16  18:14:00Z", nullptr},
                             {"tab_between", "2025-11-16\t18:14:00Z", nullptr},
                             {"underscore_between", "2025-11-16_18:14:00Z", nullptr},
                             {"nul_after", std::string("2025-11-16T18:14:00Z\0", 21), nullptr},
                             {"slashes", "2025/11/16T18:14:00Z", nullptr},
                             {"no_dashes", "20251116T181400Z", nullptr},
                             {"day_first", "16-11-2025T18:14:00Z", nullptr},
                             {"short_year", "225-11-16T18:14:00Z", nullptr},
                             {"short_month", "2025-1-16T18:14:00Z", nullptr},
                             {"short_day", "2025-11-6T18:14:00Z", nullptr},
                             {"short_hour", "2025-11-16T8:14:00Z", nullptr},
                             {"short_minute", "2025-11-16T18:4:00Z", nullptr},
                             {"short_second", "2025-11-16T18:14:0Z", nullptr},
                             {"long_second", "2025-11-16T18:14:000Z", nullptr},
                             {"signed_year", "+2025-11-16T18:14:00Z", nullptr},
                             {"negative_year", "-0001-11-16T18:14:00Z", nullptr},
                             {"signed_month", "2025-+1-16T18:14:00Z", nullptr},
                             {"point_without_fraction", "2025-11-16T18:14:00.Z", nullptr},
                             {"point_at_the_end", "2025-11-16T18:14:00.", nullptr},
                             {"fraction_of_a_minute", "2025-11-16T18:14.5Z", nullptr},
                             {"two_fractions", "2025-11-16T18:14:00.5.5Z", nullptr},
                             {"exponent_in_fraction", "2025-11-16T18:14:00.5e1Z", nullptr},
                             {"zone_twice", "2025-11-16T18:14:00ZZ", nullptr},
                             {"zulu_and_offset", "2025-11-16T18:14:00Z+00:00", nullptr},
                             {"sign_only", "2025-11-16T18:14:00+", nullptr},
                             {"offset_of_one_digit", "2025-11-16T18:14:00+5", nullptr},
                             {"offset_of_three_digits", "2025-11-16T18:14:00+053", nullptr},
                             {"offset_of_five_digits", "2025-11-16T18:14:00+05300", nullptr},
                             {"offset_with_seconds", "2025-11-16T18:14:00+05:30:00", nullptr},
                             {"offset_ends_in_colon", "2025-11-16T18:14:00+05:", nullptr},
                             {"zone_by_name", "2025-11-16T18:14:00UTC", nullptr},
                             {"zone_in_brackets", "2025-11-16T18:14:00Z[Europe/Berlin]", nullptr},
                             {"era", "2025-11-16T18:14:00 BC", nullptr},
                             {"week_date", "2025-W46-7T18:14:00Z", nullptr},
                             {"ordinal_date", "2025-320T18:14:00Z", nullptr},
                             {"arabic_digits", "٢٠٢٥-11-16T18:14:00Z", nullptr},
                             {"fullwidth_digit", "2025-11-16T18:14:0０Z", nullptr},
                             {"unicode_minus", "2025-11-16T18:14:00−05:00", nullptr},
                             {"number_as_text", "1763316840", nullptr},
                         }),
                         name_of);

class EpochNumber : public testing::TestWithParam<Row> {};
TEST_P(EpochNumber, IsReadExactlyOrRefused)
{
    EXPECT_EQ(iso_or_refused(instant_of_number(GetParam().input)), expected(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(Unit, EpochNumber,
                         testing::ValuesIn(std::vector<Row>{
                             {"zero", "0", "1970-01-01T00:00:00Z"},
                             {"minus_zero", "-0", "1970-01-01T00:00:00Z"},
                             {"zero_with_fraction", "0.000", "1970-01-01T00:00:00Z"},
                             {"seconds", "1763316840", "2025-11-16T18:14:00Z"},
                             {"seconds_with_micros", "1763316840.000001", "2025-11-16T18:14:00.000001Z"},
                             {"seconds_with_nanos", "1763316840.123456789", "2025-11-16T18:14:00.123456Z"},
                             {"millis", "1763316840123", "2025-11-16T18:14:00.123000Z"},
                             {"millis_with_fraction", "1763316840123.4567", "2025-11-16T18:14:00.123456Z"},
                             {"micros", "1763316840123456", "2025-11-16T18:14:00.123456Z"},
                             {"micros_with_fraction", "1763316840123456.789", "2025-11-16T18:14:00.123456Z"},
                             {"nanos", "1763316840123456789", "2025-11-16T18:14:00.123456Z"},
                             {"nanos_with_fraction", "1763316840123456999.9", "2025-11-16T18:14:00.123456Z"},
                             {"last_second", "99999999999", "5138-11-16T09:46:39Z"},
                             {"just_below_millis", "99999999999.9999999", "5138-11-16T09:46:39.999999Z"},
                             {"first_millis", "100000000000", "1973-03-03T09:46:40Z"},
                             {"last_millis", "99999999999999", "5138-11-16T09:46:39.999000Z"},
                             {"just_below_micros", "99999999999999.99999", "5138-11-16T09:46:39.999999Z"},
                             {"first_micros", "100000000000000", "1973-03-03T09:46:40Z"},
                             {"just_below_nanos", "99999999999999999.9", "5138-11-16T09:46:39.999999Z"},
                             {"first_nanos", "100000000000000000", "1973-03-03T09:46:40Z"},
                             {"magnitude_of_a_negative", "-100000000000", "1966-10-31T14:13:20Z"},
                             {"negative_micros", "-100000000000000", "1966-10-31T14:13:20Z"},
                             {"negative_nanos", "-100000000000000000", "1966-10-31T14:13:20Z"},
                             {"before_the_epoch", "-1.5", "1969-12-31T23:59:58.500000Z"},
                             {"dropped_toward_zero", "-1.0000009", "1969-12-31T23:59:59Z"},
                             {"dropped_to_zero", "-0.0000009", "1970-01-01T00:00:00Z"},
                             {"one_micro_before", "-0.000001", "1969-12-31T23:59:59.999999Z"},
                             {"negative_nanos_toward_zero", "-100000000000000999", "1966-10-31T14:13:20Z"},
                             {"trailing_zeroes", "1.50000000000000000000000000", "1970-01-01T00:00:01.500000Z"},
                             {"many_fraction_digits", "1." + std::string(5000, '3'), "1970-01-01T00:00:01.333333Z"},
                         }),
                         name_of);

INSTANTIATE_TEST_SUITE_P(Exponent, EpochNumber,
                         testing::ValuesIn(std::vector<Row>{
                             {"positive", "1.76331684E9", "2025-11-16T18:14:00Z"},
                             {"with_plus", "1.76331684e+9", "2025-11-16T18:14:00Z"},
                             {"negative", "17633168400e-1", "2025-11-16T18:14:00Z"},
                             {"leading_zeroes_in_it", "1.76331684e009", "2025-11-16T18:14:00Z"},
                             {"zero", "12e0", "1970-01-01T00:00:12Z"},
                             {"minus_zero", "12e-0", "1970-01-01T00:00:12Z"},
                             {"to_millis", "1e11", "1973-03-03T09:46:40Z"},
                             {"just_below_millis", "9.9999999999e10", "5138-11-16T09:46:39Z"},
                             {"to_micros", "1e14", "1973-03-03T09:46:40Z"},
                             {"to_nanos", "1e17", "1973-03-03T09:46:40Z"},
                             {"long_mantissa", "12345678901234567890e-10", "2009-02-13T23:31:30.123456Z"},
                             {"small_mantissa", "0.00000000176331684e18", "2025-11-16T18:14:00Z"},
                             {"tiny", "1e-400", "1970-01-01T00:00:00Z"},
                             {"tiny_negative", "-1e-400", "1970-01-01T00:00:00Z"},
                             {"one_micro", "1e-6", "1970-01-01T00:00:00.000001Z"},
                             {"tenth_of_a_micro", "9e-7", "1970-01-01T00:00:00Z"},
                             {"zero_times_huge", "0e999999999", "1970-01-01T00:00:00Z"},
                             {"zero_times_beyond_64_bits", "0.0e99999999999999999999", "1970-01-01T00:00:00Z"},
                             {"huge", "1e999999999", nullptr},
                             {"beyond_64_bits", "1e99999999999999999999", nullptr},
                             {"beyond_64_bits_negative", "1e-99999999999999999999", "1970-01-01T00:00:00Z"},
                             {"undone_by_the_mantissa", "0." + std::string(400, '0') + "1e407", "1970-01-12T13:46:40Z"},
                             {"undone_by_zeroes", "1" + std::string(400, '0') + "e-391", "2001-09-09T01:46:40Z"},
                         }),
                         name_of);

INSTANTIATE_TEST_SUITE_P(Bound, EpochNumber,
                         testing::ValuesIn(std::vector<Row>{
                             {"first_instant", "-62135596800", "0001-01-01T00:00:00Z"},
                             {"before_the_first", "-62135596800.000001", nullptr},
                             {"first_instant_after_dropping", "-62135596800.0000009", "0001-01-01T00:00:00Z"},
                             {"second_before_the_first", "-62135596801", nullptr},
                             {"first_in_millis", "-62135596800000", "0001-01-01T00:00:00Z"},
                             {"before_the_first_in_millis", "-62135596800001", nullptr},
                             {"first_in_micros", "-62135596800000000", "0001-01-01T00:00:00Z"},
                             {"before_the_first_in_micros", "-62135596800000001", nullptr},
                             {"first_in_nanos", "-62135596800000000000", "0001-01-01T00:00:00Z"},
                             {"first_in_nanos_after_dropping", "-62135596800000000999", "0001-01-01T00:00:00Z"},
                             {"before_the_first_in_nanos", "-62135596800000001000", nullptr},
                             {"last_in_nanos", "253402300799999999999", "9999-12-31T23:59:59.999999Z"},
                             {"after_the_last_in_nanos", "253402300800000000000", nullptr},
                             {"all_digits_that_are_looked_at", "999999999999999999999", nullptr},
                             {"more_digits_than_that", "1000000000000000000000", nullptr},
                             {"more_than_64_bits_hold", "9999999999999999999999", nullptr},
                             {"as_many_digits_as_it_likes", std::string(5000, '9'), nullptr},
                         }),
                         name_of);

INSTANTIATE_TEST_SUITE_P(NoNumber, EpochNumber,
                         testing::ValuesIn(std::vector<Row>{
                             {"empty", "", nullptr},
                             {"sign_only", "-", nullptr},
                             {"plus", "+1", nullptr},
                             {"leading_zero", "01", nullptr},
                             {"no_integer", ".5", nullptr},
                             {"no_fraction", "1.", nullptr},
                             {"no_exponent", "1e", nullptr},
                             {"no_exponent_after_sign", "1e+", nullptr},
                             {"fraction_in_exponent", "1e1.5", nullptr},
                             {"hexadecimal", "0x10", nullptr},
                             {"infinity", "Infinity", nullptr},
                             {"nan", "NaN", nullptr},
                             {"blank_after", "1 ", nullptr},
                             {"comma", "1,5", nullptr},
                         }),
                         name_of);

class NodeInstant : public testing::TestWithParam<Row> {};
TEST_P(NodeInstant, IsReadExactlyOrRefused)
{
    Document document;
    const Refusal refusal = document.read(GetParam().input, Limits{});
    ASSERT_FALSE(refusal) << refusal.detail;
    EXPECT_EQ(iso_or_refused(instant_of(document, 0)), expected(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(JavaArray, NodeInstant,
                         testing::ValuesIn(std::vector<Row>{
                             {"five", "[2025,11,16,18,14]", "2025-11-16T18:14:00Z"},
                             {"six", "[2025,11,16,18,14,7]", "2025-11-16T18:14:07Z"},
                             {"seven", "[2025,11,16,18,14,0,123456789]", "2025-11-16T18:14:00.123456Z"},
                             {"blanks_between", " [ 2025 , 11 , 16 , 18 , 14 ] ", "2025-11-16T18:14:00Z"},
                             {"none", "[]", nullptr},
                             {"four", "[2025,11,16,18]", nullptr},
                             {"eight", "[2025,11,16,18,14,0,0,0]", nullptr},
                             {"first_instant", "[1,1,1,0,0]", "0001-01-01T00:00:00Z"},
                             {"last_instant", "[9999,12,31,23,59,59,999999999]", "9999-12-31T23:59:59.999999Z"},
                             {"year_0", "[0,12,31,23,59]", nullptr},
                             {"year_10000", "[10000,1,1,0,0]", nullptr},
                             {"year_negative", "[-1,1,1,0,0]", nullptr},
                             {"year_beyond_64_bits", "[99999999999999999999999,1,1,0,0]", nullptr},
                             {"year_wrapping_to_16_bits", "[67561,11,16,18,14]", nullptr},
                             {"month_0", "[2025,0,16,18,14]", nullptr},
                             {"month_13", "[2025,13,1,0,0,0]", nullptr},
                             {"day_0", "[2025,1,0,0,0]", nullptr},
                             {"day_31_of_30", "[2025,4,31,0,0]", nullptr},
                             {"leap_day", "[2024,2,29,0,0]", "2024-02-29T00:00:00Z"},
                             {"no_leap_day", "[2025,2,29,0,0]", nullptr},
                             {"hour_23", "[2025,1,1,23,0]", "2025-01-01T23:00:00Z"},
                             {"hour_24", "[2025,1,1,24,0]", nullptr},
                             {"minute_59", "[2025,1,1,0,59]", "2025-01-01T00:59:00Z"},
                             {"minute_60", "[2025,1,1,0,60]", nullptr},
                             {"second_59", "[2025,1,1,0,0,59]", "2025-01-01T00:00:59Z"},
                             {"second_60_at_midnight", "[2016,12,31,23,59,60]", nullptr},
                             {"negative_second", "[2025,1,1,0,0,-1]", nullptr},
                             {"nanos_0", "[2025,1,1,0,0,0,0]", "2025-01-01T00:00:00Z"},
                             {"nanos_below_the_micro", "[2025,1,1,0,0,0,999]", "2025-01-01T00:00:00Z"},
                             {"nanos_of_a_micro", "[2025,1,1,0,0,0,1000]", "2025-01-01T00:00:00.000001Z"},
                             {"nanos_last", "[2025,1,1,0,0,0,999999999]", "2025-01-01T00:00:00.999999Z"},
                             {"nanos_too_many", "[2025,1,1,0,0,0,1000000000]", nullptr},
                             {"nanos_negative", "[2025,1,1,0,0,0,-1]", nullptr},
                             {"fraction", "[2025,11,16,18,14,0.5]", nullptr},
                             {"fraction_of_zero", "[2025,11,16,18,14,7.0]", nullptr},
                             {"exponent", "[2025,11,16,18,14,1e0]", nullptr},
                             {"capital_exponent", "[2025,11,16,18,14,1E0]", nullptr},
                             {"minus_zero_is_the_integer_zero", "[2025,11,16,18,-0]", "2025-11-16T18:00:00Z"},
                             {"text_inside", "[2025,11,16,18,\"14\"]", nullptr},
                             {"null_inside", "[2025,11,16,18,14,null]", nullptr},
                             {"boolean_inside", "[2025,11,16,18,true]", nullptr},
                             {"array_inside", "[2025,11,16,18,[14]]", nullptr},
                             {"array_of_an_array", "[[2025,11,16,18,14]]", nullptr},
                         }),
                         name_of);

INSTANTIATE_TEST_SUITE_P(Kind, NodeInstant,
                         testing::ValuesIn(std::vector<Row>{
                             {"text", "\"2025-11-16T18:14:00Z\"", "2025-11-16T18:14:00Z"},
                             {"text_with_escapes", "\"2025\\u002d11-16\\u005418:14:00Z\"", "2025-11-16T18:14:00Z"},
                             {"number", "1763316840", "2025-11-16T18:14:00Z"},
                             {"null", "null", nullptr},
                             {"boolean_true", "true", nullptr},
                             {"boolean_false", "false", nullptr},
                             {"object", "{\"year\":2025}", nullptr},
                             {"empty_text", "\"\"", nullptr},
                         }),
                         name_of);

} // namespace
} // namespace analytics::core
