/* Instants against oracles, over the whole range: a calendar that counts days one by one, the rule for epoch numbers
 * in integers of 128 bits, and the writer against the reader. */
#include "../../../extension/core/instant.hpp"

#include "seed.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <random>
#include <string>

namespace analytics::core {
namespace {

/** The calendar by its definition, one day after the other. */
struct Calendar {
    int year = 1, month = 1, day = 1;

    int days_in_month() const
    {
        if (month == 2) return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28;
        return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
    }

    void next_day()
    {
        if (++day <= days_in_month()) return;
        day = 1;
        if (++month <= 12) return;
        month = 1;
        ++year;
    }
};

TEST(InstantProperty, EveryDayOfEveryYearIsReadAndWritten)
{
    constexpr Instant micros_per_day = 86'400'000'000;
    Calendar calendar;
    Instant midnight = min_instant;
    for (; calendar.year <= 9999; calendar.next_day(), midnight += micros_per_day) {
        char text[sizeof "0000-00-00T00:00:00Z" + 32];
        std::snprintf(text, sizeof text, "%04d-%02d-%02dT00:00:00Z", calendar.year, calendar.month, calendar.day);
        ASSERT_EQ(instant_of_text(text), midnight) << text;
        ASSERT_EQ(iso8601(midnight).view(), text);
    }
    EXPECT_EQ(midnight - 1, max_instant);
}

TEST(InstantProperty, WrittenTextReadsAsTheSameInstant)
{
    std::mt19937_64 random = seeded();
    std::uniform_int_distribution<Instant> any(min_instant, max_instant);
    for (int i = 0; i < 200'000; ++i) {
        const Instant instant = i % 4 == 0 ? any(random) / 1'000'000 * 1'000'000 : any(random);
        const IsoText text = iso8601(instant);
        ASSERT_EQ(text.view().size(), instant % 1'000'000 == 0 ? 20U : 27U) << text.view();
        ASSERT_EQ(instant_of_text(text.view()), instant) << text.view();
    }
}

TEST(InstantProperty, WrittenTextsSortAsTheirInstants)
{
    std::mt19937_64 random = seeded();
    std::uniform_int_distribution<Instant> any(min_instant / 1'000'000, max_instant / 1'000'000);
    for (int i = 0; i < 50'000; ++i) {
        const Instant a = any(random) * 1'000'000;
        const Instant b = any(random) * 1'000'000;
        const IsoText text_a = iso8601(a);
        const IsoText text_b = iso8601(b);
        ASSERT_EQ(a < b, text_a.view() < text_b.view()) << text_a.view() << " " << text_b.view();
    }
}

__extension__ using Wide = __int128;

Wide power_of_ten(int exponent)
{
    Wide power = 1;
    for (; exponent > 0; --exponent) power *= 10;
    return power;
}

/** The rule as it is written, on mantissa * 10^exponent with |mantissa| < 10^18 and exponent in -18 … 4. */
std::optional<Instant> oracle(std::int64_t mantissa, int exponent)
{
    const Wide magnitude = mantissa < 0 ? -Wide{mantissa} : Wide{mantissa};
    const auto at_least = [&](int power) {
        return magnitude * power_of_ten(exponent) >= power_of_ten(power) * power_of_ten(-exponent);
    };
    const int to_micros = at_least(17) ? -3 : at_least(14) ? 0 : at_least(11) ? 3 : 6;
    const Wide micros = Wide{mantissa} * power_of_ten(exponent + to_micros) / power_of_ten(-exponent - to_micros);
    if (micros < min_instant || micros > max_instant) return std::nullopt;
    return static_cast<Instant>(micros);
}

/** One of the many spellings of mantissa * 10^exponent. */
std::string spelled(std::int64_t mantissa, int exponent, std::mt19937_64 &random)
{
    std::string digits = std::to_string(mantissa < 0 ? -mantissa : mantissa);
    const int zeroes = mantissa == 0 ? 0 : static_cast<int>(random() % 3);
    digits.append(static_cast<std::size_t>(zeroes), '0');
    exponent -= zeroes;
    if (const std::size_t fraction = random() % digits.size(); fraction > 0) {
        digits.insert(digits.size() - fraction, ".");
        exponent += static_cast<int>(fraction);
    }
    if (exponent != 0) {
        digits += random() % 2 == 0 ? "e" : "E";
        if (exponent > 0 && random() % 2 == 0) digits += "+";
        digits += std::to_string(exponent);
    }
    return (mantissa < 0 ? "-" : "") + digits;
}

TEST(InstantProperty, EpochNumbersFollowTheRuleInEverySpelling)
{
    std::mt19937_64 random = seeded();
    int accepted = 0;
    constexpr int rounds = 300'000;
    for (int i = 0; i < rounds; ++i) {
        const auto below = static_cast<std::uint64_t>(power_of_ten(1 + static_cast<int>(random() % 18)));
        auto mantissa = static_cast<std::int64_t>(random() % below);
        if (random() % 8 == 0) mantissa = static_cast<std::int64_t>(below) - static_cast<std::int64_t>(random() % 2);
        if (random() % 2 == 0) mantissa = -mantissa;
        const int exponent = static_cast<int>(random() % 23) - 18;
        const std::string text = spelled(mantissa, exponent, random);
        const auto expected = oracle(mantissa, exponent);
        accepted += expected ? 1 : 0;
        ASSERT_EQ(instant_of_number(text), expected) << text;
    }
    EXPECT_GT(accepted, rounds / 10);
    EXPECT_LT(accepted, rounds);
}

} // namespace
} // namespace analytics::core
