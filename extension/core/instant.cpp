#include "instant.hpp"

#include "text/scanner.hpp"

#include <algorithm>
#include <array>

namespace analytics::core {

namespace {

/** A number's parts, by the grammar of RFC 8259, section 6. */
struct Digits {
    bool negative = false;
    std::string_view integer, fraction;
    std::int64_t exponent = 0;

    std::size_t size() const noexcept { return integer.size() + fraction.size(); }
    char operator[](std::size_t i) const noexcept
    {
        return i < integer.size() ? integer[i] : fraction[i - integer.size()];
    }
};

bool scan_exponent(Scanner &in, std::int64_t &exponent) noexcept
{
    // Beyond this an exponent outweighs any count of digits that fits in memory, so its further digits say nothing.
    constexpr std::int64_t huge = 1'000'000'000'000;

    const bool negative = in.take<'-'>();
    if (!negative) in.take<'+'>();
    std::string_view run;
    if (!in.digits(run)) return false;
    for (const char c : run) exponent = std::min(huge, exponent * 10 + (c - '0'));
    if (negative) exponent = -exponent;
    return true;
}

bool scan_number(std::string_view number, Digits &digits) noexcept
{
    Scanner in(number);
    digits.negative = in.take<'-'>();
    if (!in.digits(digits.integer) || (digits.integer.size() > 1 && digits.integer.front() == '0')) return false;
    if (in.take<'.'>() && !in.digits(digits.fraction)) return false;
    if (in.take<'e', 'E'>() && !scan_exponent(in, digits.exponent)) return false;
    return in.done();
}

/** Powers of ten from an epoch number's unit to the microsecond; leading: the power of ten of its first digit. */
constexpr int unit_shift(std::int64_t leading) noexcept
{
    if (leading >= 17) return -3; // nanoseconds
    if (leading >= 14) return 0;  // microseconds
    if (leading >= 11) return 3;  // milliseconds
    return 6;                     // seconds
}

/** An integer as a Java array holds it, of digits only: neither fraction nor exponent. "-0" is the integer zero. */
bool plain_integer(const Node &node, int maximum, int &value) noexcept
{
    if (node.kind != Kind::number) return false;
    std::string_view digits = node.view();
    const bool negative = digits.starts_with('-');
    if (negative) digits.remove_prefix(1);
    std::int64_t sum = 0;
    for (const char c : digits) {
        if (!is_digit(c)) return false;
        sum = std::min<std::int64_t>(std::int64_t{maximum} + 1, sum * 10 + (c - '0'));
    }
    value = static_cast<int>(sum);
    return sum <= maximum && !(negative && sum != 0);
}

std::optional<Instant> instant_of_array(const Document &document, std::uint32_t array) noexcept
{
    constexpr std::array<int, 7> maxima{9999, 12, 31, 23, 59, 59, 999'999'999};
    const std::uint32_t size = document[array].size;
    if (size < 5 || size > maxima.size()) return std::nullopt;

    std::array<int, 7> fields{};
    for (std::uint32_t i = 0, node = array + 1; i < size; ++i, node = document[node].end)
        if (!plain_integer(document[node], maxima[i], fields[i])) return std::nullopt;
    const auto [year, month, day, hour, minute, second, nanos] = fields;
    return instant_of({.year = year,
                       .month = month,
                       .day = day,
                       .hour = hour,
                       .minute = minute,
                       .second = second,
                       .micros = nanos / 1000});
}

} // namespace

std::optional<Instant> instant_of_number(std::string_view number) noexcept
{
    constexpr std::int64_t most_digits = 18; // of a microsecond count in range; 18 nines fit in 64 bits

    Digits digits;
    if (!scan_number(number, digits)) return std::nullopt;
    std::size_t first = 0;
    while (first < digits.size() && digits[first] == '0') ++first;
    if (first == digits.size()) return 0;

    const std::int64_t leading =
        static_cast<std::int64_t>(digits.integer.size()) - 1 - static_cast<std::int64_t>(first) + digits.exponent;
    const std::int64_t whole = leading + 1 + unit_shift(leading); // digits down to the microsecond
    if (whole > most_digits) return std::nullopt;
    Instant instant = 0;
    for (std::int64_t i = 0; i < whole; ++i, ++first)
        instant = instant * 10 + (first < digits.size() ? digits[first] - '0' : 0);
    return in_range(digits.negative ? -instant : instant);
}

std::optional<Instant> instant_of(const Document &document, std::uint32_t node) noexcept
{
    switch (const Node &value = document[node]; value.kind) {
    case Kind::string:
        return instant_of_text(value.view());
    case Kind::number:
        return instant_of_number(value.view());
    case Kind::array:
        return instant_of_array(document, node);
    default:
        return std::nullopt;
    }
}

} // namespace analytics::core
