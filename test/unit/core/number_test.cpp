/* JSON numbers in numeric's terms: what fits, from both sides of each of numeric_in's limits; the exact digits. */
#include "../../../extension/core/number.hpp"

#include "allocations.hpp"
#include "decimal_text.hpp"
#include "seed.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace analytics::core {
namespace {

std::string nines(std::size_t count)
{
    return std::string(count, '9');
}

std::string zeroes(std::size_t count)
{
    return std::string(count, '0');
}

struct FitRow {
    const char *name;
    std::string number;
    bool fits;
};

class NumericFit : public testing::TestWithParam<FitRow> {};
TEST_P(NumericFit, IsWhatNumericInTakes)
{
    EXPECT_EQ(fits_numeric(GetParam().number), GetParam().fits);
}

INSTANTIATE_TEST_SUITE_P(Plain, NumericFit,
                         testing::ValuesIn(std::vector<FitRow>{
                             {"zero", "0", true},
                             {"minus_zero", "-0", true},
                             {"one", "1", true},
                             {"fraction", "-12345.678900", true},
                             {"beyond_double", "1e309", true},
                             {"below_double", "1e-400", true},
                         }),
                         [](const auto &info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(Weight, NumericFit,
                         testing::ValuesIn(std::vector<FitRow>{
                             {"power_largest", "1e131071", true},
                             {"power_too_large", "1e131072", false},
                             {"power_largest_negative", "-9.99e131071", true},
                             {"power_too_large_negative", "-9.99e131072", false},
                             {"digits_most", nines(131'072), true},
                             {"digits_too_many", nines(131'073), false},
                             {"digits_most_by_exponent", "99e131070", true},
                             {"digits_too_many_by_exponent", "99e131071", false},
                             {"digits_taken_back_by_exponent", nines(131'080) + "e-8", true},
                             {"digits_not_taken_back_enough", nines(131'080) + "e-7", false},
                             {"small_fraction_with_large_exponent", "0.001e131074", true},
                             {"small_fraction_with_too_large_exponent", "0.001e131075", false},
                         }),
                         [](const auto &info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(Scale, NumericFit,
                         testing::ValuesIn(std::vector<FitRow>{
                             {"scale_most", "1e-16383", true},
                             {"scale_too_many", "1e-16384", false},
                             {"scale_most_digits", "0." + nines(16'383), true},
                             {"scale_too_many_digits", "0." + nines(16'384), false},
                             {"scale_counts_trailing_zeroes", "0.1" + zeroes(16'383), false},
                             {"scale_of_zero", "0." + zeroes(16'383), true},
                             {"scale_of_zero_too_many", "0." + zeroes(16'384), false},
                             {"scale_of_zero_by_exponent", "0e-16383", true},
                             {"scale_of_zero_too_many_by_exponent", "0e-16384", false},
                             {"scale_taken_back_by_exponent", "0." + nines(16'400) + "e17", true},
                             {"scale_not_taken_back_enough", "0." + nines(16'400) + "e16", false},
                             {"scale_with_capital_exponent", "1E-16384", false},
                             {"both_most", nines(131'072) + "." + nines(16'383), true},
                         }),
                         [](const auto &info) { return info.param.name; });

/** numeric_in refuses these even for a zero, whose weight and scale are 0. */
INSTANTIATE_TEST_SUITE_P(Exponent, NumericFit,
                         testing::ValuesIn(std::vector<FitRow>{
                             {"zero_huge", "0e1000000", true},
                             {"zero_largest", "0e1073741822", true},
                             {"zero_too_large", "0e1073741823", false},
                             {"zero_int32_max", "0e2147483647", false},
                             {"zero_beyond_int64", "0e9223372036854775808", false},
                             {"zero_many_exponent_digits", "0e" + nines(1'000), false},
                             {"zero_below_int64", "0e-9223372036854775809", false},
                             {"zero_plus", "0.0e+1000000", true},
                             {"one_exponent_zeroes_in_front", "1e" + zeroes(1'000) + "5", true},
                             {"one_exponent_zero", "1e-0", true},
                             {"cve_2024_38517", "1.0000000000e-2147483639", false},
                         }),
                         [](const auto &info) { return info.param.name; });

struct DecimalRow {
    const char *name;
    std::string number;
    std::vector<std::int16_t> digits;
    int weight;
    int scale;
    bool negative = false;
};

class DecimalOf : public testing::TestWithParam<DecimalRow> {};
TEST_P(DecimalOf, HasNumericsDigits)
{
    const auto &[name, number, digits, weight, scale, negative] = GetParam();
    ASSERT_TRUE(fits_numeric(number));
    Decimal decimal{{1, 2, 3}, 7, 7, true}; // leftovers must not show
    to_decimal(number, decimal);
    EXPECT_EQ(decimal.digits, digits);
    EXPECT_EQ(decimal.weight, weight);
    EXPECT_EQ(decimal.scale, scale);
    EXPECT_EQ(decimal.negative, negative);
}

INSTANTIATE_TEST_SUITE_P(All, DecimalOf,
                         testing::ValuesIn(std::vector<DecimalRow>{
                             {"zero", "0", {}, 0, 0},
                             {"minus_zero", "-0", {}, 0, 0},
                             {"zero_with_scale", "-0.00", {}, 0, 2},
                             {"zero_with_exponent", "0e5", {}, 0, 0},
                             {"zero_with_negative_exponent", "0e-5", {}, 0, 5},
                             {"one", "1", {1}, 0, 0},
                             {"minus_one", "-1", {1}, 0, 0, true},
                             {"four_digits", "9999", {9999}, 0, 0},
                             {"five_digits", "12345", {1, 2345}, 1, 0},
                             {"trailing_group_dropped", "50000", {5}, 1, 0},
                             {"inner_zero_group_kept", "100000001", {1, 0, 1}, 2, 0},
                             {"one_decimal", "0.1", {1000}, -1, 1},
                             {"four_decimals", "0.0001", {1}, -1, 4},
                             {"five_decimals", "0.00001", {1000}, -2, 5},
                             {"trailing_zeroes_are_scale", "1.500", {1, 5000}, 0, 3},
                             {"point_within_groups", "123456.789012", {12, 3456, 7890, 1200}, 1, 6},
                             {"exponent_moves_left", "1.5e-3", {15}, -1, 4},
                             {"exponent_moves_right", "1.5e3", {1500}, 0, 0},
                             {"exponent_leaves_scale", "1.2345e2", {123, 4500}, 0, 2},
                             {"exponent_of_largest", "1e131071", {1000}, 32'767, 0},
                             {"exponent_of_smallest", "1e-16383", {10}, -4096, 16'383},
                             {"int64_min", "-9223372036854775808", {922, 3372, 368, 5477, 5808}, 4, 0, true},
                         }),
                         [](const auto &info) { return info.param.name; });

TEST(NumberProperty, DecimalWrittenOutIsTheNumberWrittenOut)
{
    std::mt19937_64 random = seeded();
    const auto digits = [&random](std::size_t count) {
        std::string out;
        for (; count > 0; --count) out += static_cast<char>('0' + (random() % 3 == 0 ? 0 : random() % 10));
        return out;
    };
    Decimal decimal;
    for (int i = 0; i < 50'000; ++i) {
        std::string number = random() % 2 == 0 ? "-" : "";
        number += random() % 4 == 0 ? "0" : std::to_string(1 + random() % 9) + digits(random() % 24);
        if (random() % 2 == 0) number += '.' + digits(1 + random() % 24);
        if (random() % 2 == 0) number += 'e' + std::to_string(static_cast<int>(random() % 80) - 40);
        ASSERT_TRUE(fits_numeric(number)) << number;
        to_decimal(number, decimal);
        ASSERT_EQ(decimal_text(decimal), written_out(number)) << number;
        ASSERT_TRUE(decimal.digits.empty() || (decimal.digits.front() != 0 && decimal.digits.back() != 0)) << number;
    }
}

TEST(NumberMemory, AWarmDecimalAllocatesNothing)
{
    Decimal decimal;
    to_decimal(nines(1'000), decimal);
    const std::size_t before = allocations();
    to_decimal("123456789.123456789e-5", decimal);
    EXPECT_TRUE(fits_numeric("1e-400"));
    EXPECT_EQ(allocations(), before);
}

TEST(NumberMemory, AHugePowerTakesOneDigit)
{
    Decimal decimal;
    to_decimal("1e131071", decimal);
    EXPECT_EQ(decimal.digits.size(), 1U);
    EXPECT_LE(decimal.digits.capacity(), 8U);
}

} // namespace
} // namespace analytics::core
