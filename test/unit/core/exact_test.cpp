/* Exact numbers: sums, order and bytes, compared with 128-bit integers where those suffice, and at numeric's edges. */
#include "../../../extension/core/error.hpp"
#include "../../../extension/core/exact.hpp"

#include "decimal_text.hpp"
#include "seed.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace analytics::core {
namespace {

ExactNumber number(std::string_view json)
{
    Decimal decimal;
    to_decimal(json, decimal);
    return ExactNumber{decimal};
}

std::string text(const ExactNumber &number)
{
    Decimal decimal{{1, 2, 3}, 7, 7, true}; // leftovers must not show
    number.to_decimal(decimal);
    return decimal_text(decimal);
}

std::string bytes(const ExactNumber &number)
{
    std::string packed;
    number.pack(packed);
    return packed;
}

struct SumRow {
    const char *name;
    std::vector<std::string> terms;
    std::string sum;
};

class ExactSum : public testing::TestWithParam<SumRow> {};

TEST_P(ExactSum, IsExact)
{
    ExactNumber sum;
    for (const std::string &term : GetParam().terms) sum.add(number(term));
    EXPECT_EQ(text(sum), GetParam().sum);
}

TEST_P(ExactSum, IsTakenBack)
{
    ExactNumber sum;
    for (const std::string &term : GetParam().terms) sum.add(number(term));
    for (const std::string &term : GetParam().terms) sum.subtract(number(term));
    EXPECT_TRUE(sum.is_zero());
    EXPECT_EQ(bytes(sum), bytes(ExactNumber{}));
}

INSTANTIATE_TEST_SUITE_P(
    Cases, ExactSum,
    testing::ValuesIn(std::vector<SumRow>{
        {"nothing", {}, "0"},
        {"zeroes", {"0", "-0.000", "0e10"}, "0"},
        {"one", {"1"}, "1"},
        {"scale_is_trimmed", {"1.50", "0.50"}, "2"},
        {"scale_is_the_smallest", {"1.250", "0.250"}, "1.5"},
        {"zeroes_at_the_end_stay", {"12340000", "60000"}, "12400000"},
        {"binary_fractions_do_not_creep_in", {"0.1", "0.2"}, "0.3"},
        {"carry", {"9999", "1"}, "10000"},
        {"carry_far", {"999999999999", "1"}, "1000000000000"},
        {"borrow_far", {"1000000000000", "-1"}, "999999999999"},
        {"below_zero", {"5", "-12.75"}, "-7.75"},
        {"halves_of_the_base", {"5000", "5000"}, "10000"},
        {"negative_halves_of_the_base", {"-5000", "-5000"}, "-10000"},
        {"largest_minus_smallest", {"1e20", "-1e-20"}, "99999999999999999999.99999999999999999999"},
        {"digits", {"4999.4999", "4999.4999"}, "9998.9998"},
    }),
    [](const auto &info) { return info.param.name; });

TEST(Exact, FarApartTakesNoRoom)
{
    ExactNumber sum = number("1e131071");
    sum.add(number("1e-16383"));
    EXPECT_LT(bytes(sum).size(), 16U);
    sum.subtract(number("1e131071"));
    EXPECT_EQ(text(sum), "0." + std::string(16'382, '0') + "1");
}

struct WholeRow {
    const char *name;
    std::string number;
    std::optional<std::int64_t> whole;
};

class ExactWhole : public testing::TestWithParam<WholeRow> {};

TEST_P(ExactWhole, IsABigintOrNothing)
{
    EXPECT_EQ(number(GetParam().number).to_int64(), GetParam().whole);
}

INSTANTIATE_TEST_SUITE_P(Cases, ExactWhole,
                         testing::ValuesIn(std::vector<WholeRow>{
                             {"zero", "0", 0},
                             {"scale_does_not_matter", "12.00", 12},
                             {"zeroes_at_the_end", "-70000", -70'000},
                             {"exponent", "12e4", 120'000},
                             {"fraction", "0.5", std::nullopt},
                             {"largest", "9223372036854775807", INT64_MAX},
                             {"larger", "9223372036854775808", std::nullopt},
                             {"smallest", "-9223372036854775808", INT64_MIN},
                             {"smaller", "-9223372036854775809", std::nullopt},
                             {"far_too_large", "1e300", std::nullopt},
                         }),
                         [](const auto &info) { return info.param.name; });

struct FitRow {
    const char *name;
    std::vector<std::string> terms;
    bool fits;
};

class ExactFit : public testing::TestWithParam<FitRow> {};

TEST_P(ExactFit, IsWhatNumericHolds)
{
    ExactNumber sum;
    for (const std::string &term : GetParam().terms) sum.add(number(term));
    EXPECT_EQ(sum.fits_numeric(), GetParam().fits);
}

INSTANTIATE_TEST_SUITE_P(Cases, ExactFit,
                         testing::ValuesIn(std::vector<FitRow>{
                             {"zero", {}, true},
                             {"largest_power", {"1e131071"}, true},
                             {"nine_of_them", {"9e131071", "9e131070"}, true},
                             {"largest", {std::string(131'072, '9')}, true},
                             {"largest_negative", {"-" + std::string(131'072, '9')}, true},
                             {"one_more_than_the_largest", {std::string(131'072, '9'), "1"}, false},
                             {"one_less_than_the_smallest", {"-" + std::string(131'072, '9'), "-1"}, false},
                             {"two_large_ones", {"9e131071", "9e131071"}, false},
                             {"smallest_fraction", {"1e-16383"}, true},
                         }),
                         [](const auto &info) { return info.param.name; });

/** A decimal of at most 30 digits, with its value in units of 10^-9. */
struct Drawn {
    std::string json;
    __int128 units;
};

std::string written(__int128 units)
{
    const bool negative = units < 0;
    std::string digits;
    for (__int128 rest = negative ? -units : units; rest > 0; rest /= 10)
        digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(rest % 10)));
    if (digits.size() < 10) digits.insert(0, 10 - digits.size(), '0');
    digits.insert(digits.size() - 9, ".");
    while (digits.back() == '0') digits.pop_back();
    if (digits.back() == '.') digits.pop_back();
    return (negative ? "-" : "") + digits;
}

Drawn draw(std::mt19937_64 &random)
{
    const int decimals = static_cast<int>(random() % 10);
    const std::uint64_t modulus = random() % 3 == 0 ? 100'000'000'000'000'000U : random() % 2 == 0 ? 100'000U : 10U;
    __int128 mantissa = static_cast<__int128>(random() % modulus);
    if (random() % 8 == 0) mantissa *= 10'000; // zeroes within and at the end
    if (random() % 2 == 0) mantissa = -mantissa;
    __int128 units = mantissa;
    for (int i = decimals; i < 9; ++i) units *= 10;
    const bool negative = mantissa < 0;
    return {(negative ? "-" : "") + written((negative ? -mantissa : mantissa) * 1'000'000'000) + "e-" +
                std::to_string(decimals),
            units};
}

TEST(Exact, RandomSumsOrdersAndBytesAgreeWithIntegers)
{
    std::mt19937_64 random = seeded();
    for (int round = 0; round < 2'000; ++round) {
        ExactNumber sum;
        __int128 units = 0;
        std::vector<std::pair<__int128, ExactNumber>> seen{{0, {}}};
        for (int i = 0; i < 12; ++i) {
            const Drawn drawn = draw(random);
            const ExactNumber value = number(drawn.json);
            EXPECT_EQ(text(value), written(drawn.units)) << drawn.json;
            if (random() % 2 == 0) {
                sum.add(value);
                units += drawn.units;
            } else {
                sum.subtract(value);
                units -= drawn.units;
            }
            ASSERT_EQ(text(sum), written(units)) << "after " << drawn.json;
            seen.emplace_back(units, sum);
        }
        for (const auto &[a, x] : seen) {
            for (const auto &[b, y] : seen) {
                ASSERT_EQ(x <=> y, a < b   ? std::strong_ordering::less
                                   : a > b ? std::strong_ordering::greater
                                           : std::strong_ordering::equal)
                    << text(x) << " and " << text(y);
                ASSERT_EQ(bytes(x) == bytes(y), a == b);
            }
            const std::string raw = bytes(x);
            packed::Rest rest{raw};
            ASSERT_EQ(ExactNumber::unpack(rest), x);
            ASSERT_TRUE(rest.empty());
        }
    }
}

/** Numbers of many places are added in one pass: the same comes of adding their places one by one. */
TEST(Exact, ManyPlacesAtOnceAreThePlacesOneByOne)
{
    std::mt19937_64 random = seeded();
    for (int round = 0; round < 300; ++round) {
        ExactNumber one_by_one;
        ExactNumber at_once;
        for (int i = 0; i < 4; ++i) {
            const bool is_less = random() % 2 == 0;
            ExactNumber sum;
            for (auto places = random() % 60; places > 0; --places) {
                const ExactNumber place = number(std::to_string(static_cast<int>(random() % 20'000) - 10'000) + "e" +
                                                 std::to_string(4 * (static_cast<int>(random() % 50) - 25)));
                sum.add(place);
                if (is_less)
                    one_by_one.subtract(place);
                else
                    one_by_one.add(place);
            }
            if (is_less)
                at_once.subtract(sum);
            else
                at_once.add(sum);
            ASSERT_EQ(at_once, one_by_one);
        }
    }
}

TEST(Exact, DamagedBytesAreAnErrorOrANumber)
{
    std::mt19937_64 random = seeded();
    for (int round = 0; round < 20'000; ++round) {
        std::string raw = bytes(number(draw(random).json));
        raw[random() % raw.size()] = static_cast<char>(random());
        raw.resize(random() % (raw.size() + 1));
        packed::Rest rest{raw};
        try {
            const ExactNumber read = ExactNumber::unpack(rest);
            if (read.fits_numeric()) text(read);
        } catch (const Corrupt &) {
        }
    }
}

} // namespace
} // namespace analytics::core
