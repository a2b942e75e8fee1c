/* Numbers of schemas: compared with an oracle, integers of 128 bits times a power of ten. */
#include "../../../extension/core/schema/number.hpp"

#include "seed.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace analytics::core::schema {
namespace {

__extension__ using Wide = __int128;

constexpr int lowest_power = -6;

/** A number of few digits, written in one of many ways, and the same in millionths. */
struct Written {
    std::string text;
    Wide millionths;
};

Wide power_of_ten(int exponent)
{
    Wide power = 1;
    for (; exponent > 0; --exponent) power *= 10;
    return power;
}

Written written(std::mt19937_64 &random)
{
    const auto below = [&random](std::uint64_t bound) { return static_cast<int>(random() % bound); };
    const int digits = below(10'000) / (below(2) == 0 ? 1 : 1000);
    const int power = lowest_power + below(13);
    const bool negative = below(2) == 0;
    Written number{negative ? "-" : "", (negative ? -1 : 1) * digits * power_of_ten(power - lowest_power)};

    // digits * 10^power with the point somewhere, an exponent for the rest, and zeroes that say nothing.
    std::string text = std::to_string(digits);
    int exponent = power;
    const int point = below(4);
    if (point > 0) {
        if (static_cast<int>(text.size()) <= point)
            text.insert(0, std::string(static_cast<std::size_t>(point) + 1 - text.size(), '0'));
        text.insert(text.size() - static_cast<std::size_t>(point), ".");
        text.append(static_cast<std::size_t>(below(3)), '0');
        exponent += point;
    }
    if (exponent > 0 && point == 0 && below(2) == 0 && digits != 0) {
        text.append(static_cast<std::size_t>(exponent), '0');
        exponent = 0;
    }
    number.text += text;
    if (exponent != 0 || below(4) == 0)
        number.text += (below(2) == 0 ? "e" : "E") + std::string(exponent >= 0 && below(2) == 0 ? "+" : "") +
                       std::to_string(exponent);
    return number;
}

TEST(SchemaNumber, AgreesWithIntegers)
{
    std::mt19937_64 random = seeded();
    for (int i = 0; i < 200'000; ++i) {
        const Written a = written(random);
        const Written b = written(random);
        const Number left(a.text);
        const Number right(b.text);
        ASSERT_EQ(left <=> right, a.millionths <=> b.millionths) << a.text << ' ' << b.text;
        if (a.millionths == b.millionths) {
            ASSERT_EQ(left.hash(), right.hash()) << a.text << ' ' << b.text;
        }
        ASSERT_EQ(left.is_integer(), a.millionths % 1'000'000 == 0) << a.text;
        const auto divisor = right.to_divisor();
        ASSERT_EQ(divisor.has_value(), b.millionths > 0) << b.text;
        if (divisor) {
            ASSERT_EQ(left.is_multiple_of(*divisor), a.millionths % b.millionths == 0) << a.text << ' ' << b.text;
        }
        const Wide whole = a.millionths / 1'000'000;
        const auto count = left.to_count();
        ASSERT_EQ(count.has_value(), a.millionths >= 0 && a.millionths % 1'000'000 == 0) << a.text;
        if (count) {
            ASSERT_EQ(*count, whole > 0xFFFF'FFFFLL ? 0xFFFF'FFFFU : static_cast<std::uint32_t>(whole)) << a.text;
        }
    }
}

TEST(SchemaNumber, KnowsNoLimitOfSize)
{
    const std::string nines(1'000'000, '9');
    EXPECT_LT(Number(nines), Number("1e1000000"));
    EXPECT_EQ(Number("1" + std::string(1'000'000, '0')), Number("1e1000000"));
    EXPECT_TRUE(Number(nines).is_multiple_of({.digits = 3, .power = 0}));
    EXPECT_FALSE(Number(nines).is_multiple_of({.digits = 7, .power = 1}));
    EXPECT_TRUE(Number("1e1000000000").is_multiple_of({.digits = 1024, .power = 0}));
    EXPECT_FALSE(Number("1e1000000000").is_multiple_of({.digits = 3, .power = 0}));
    EXPECT_FALSE(Number("1e-1000000000").is_multiple_of({.digits = 1, .power = -100}));
    EXPECT_LT(Number("1e-999999999999"), Number("1e-400"));
    EXPECT_GT(Number("1e-999999999999"), Number("0"));
    EXPECT_EQ(Number("-0"), Number("0.000e99"));
    EXPECT_EQ(Number("-0").hash(), Number("0.000e99").hash());
}

} // namespace
} // namespace analytics::core::schema
