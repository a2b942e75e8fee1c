#include "instant.hpp"

#include <algorithm>
#include <array>
#include <chrono>

namespace analytics::core {

namespace {

constexpr std::int64_t micros_per_second = 1'000'000;
constexpr std::int64_t seconds_per_minute = 60;
constexpr std::int64_t seconds_per_hour = 3'600;
constexpr std::int64_t seconds_per_day = 86'400;
constexpr int micro_digits = 6;

constexpr bool is_digit(char c) noexcept
{
    return c >= '0' && c <= '9';
}

/** Takes a text apart from its front: each step says whether it found what it looks for, and consumes nothing else. */
class Scanner {
public:
    explicit Scanner(std::string_view text) noexcept : rest_(text) {}

    bool done() const noexcept { return rest_.empty(); }

    template <char... Accepted> bool take() noexcept
    {
        if (rest_.empty() || ((rest_.front() != Accepted) && ...)) return false;
        rest_.remove_prefix(1);
        return true;
    }

    bool fixed(std::size_t width, int &value) noexcept
    {
        if (rest_.size() < width) return false;
        int sum = 0;
        for (const char c : rest_.substr(0, width)) {
            if (!is_digit(c)) return false;
            sum = sum * 10 + (c - '0');
        }
        value = sum;
        rest_.remove_prefix(width);
        return true;
    }

    /** One digit or more. */
    bool digits(std::string_view &run) noexcept
    {
        std::size_t size = 0;
        while (size < rest_.size() && is_digit(rest_[size])) ++size;
        run = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return !run.empty();
    }

private:
    std::string_view rest_;
};

/** A moment as a calendar and a clock show it; the offset is what that clock is ahead of UTC. */
struct Reading {
    int year = 0, month = 0, day = 0;
    int hour = 0, minute = 0, second = 0;
    int micros = 0;
    int offset_minutes = 0;
};

std::optional<Instant> in_range(Instant instant) noexcept
{
    if (instant < min_instant || instant > max_instant) return std::nullopt;
    return instant;
}

std::optional<Instant> instant_of(const Reading &r) noexcept
{
    const std::chrono::year_month_day date{std::chrono::year{r.year},
                                           std::chrono::month(static_cast<unsigned>(r.month)),
                                           std::chrono::day(static_cast<unsigned>(r.day))};
    if (!date.ok() || r.hour > 23 || r.minute > 59 || r.second > 60) return std::nullopt;

    const std::int64_t days = std::chrono::sys_days{date}.time_since_epoch().count();
    const std::int64_t seconds = days * seconds_per_day + r.hour * seconds_per_hour +
                                 (r.minute - r.offset_minutes) * seconds_per_minute + r.second;
    // A leap second is the one before midnight in UTC; it counts as the second after, so that sum is a midnight.
    if (r.second == 60 && seconds % seconds_per_day != 0) return std::nullopt;
    return in_range(seconds * micros_per_second + r.micros);
}

/** The first six digits of a fraction of a second; the others are dropped. */
int micros_of(std::string_view fraction) noexcept
{
    int micros = 0;
    for (std::size_t i = 0; i < micro_digits; ++i) micros = micros * 10 + (i < fraction.size() ? fraction[i] - '0' : 0);
    return micros;
}

/** "hh", "hhmm" or "hh:mm" after its sign. */
bool scan_offset(Scanner &in, int &minutes) noexcept
{
    int hour = 0;
    int minute = 0;
    if (!in.fixed(2, hour)) return false;
    if (!in.done()) {
        in.take<':'>();
        if (!in.fixed(2, minute)) return false;
    }
    minutes = hour * 60 + minute;
    return hour <= 23 && minute <= 59;
}

bool scan_zone(Scanner &in, int &offset_minutes) noexcept
{
    if (in.done() || in.take<'Z', 'z'>()) return true;
    if (in.take<'+'>()) return scan_offset(in, offset_minutes);
    if (!in.take<'-'>() || !scan_offset(in, offset_minutes)) return false;
    offset_minutes = -offset_minutes;
    return true;
}

bool scan_seconds(Scanner &in, Reading &r) noexcept
{
    if (!in.take<':'>()) return true;
    if (!in.fixed(2, r.second)) return false;
    std::string_view fraction;
    if (in.take<'.', ','>() && !in.digits(fraction)) return false;
    r.micros = micros_of(fraction);
    return true;
}

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

/** Writes the last width digits of value; the place after them. */
char *put_digits(char *at, int width, int value) noexcept
{
    for (char *digit = at + width; digit != at; value /= 10) *--digit = static_cast<char>('0' + value % 10);
    return at + width;
}

} // namespace

std::optional<Instant> instant_of_text(std::string_view text) noexcept
{
    Scanner in(text);
    Reading r;
    const bool read = in.fixed(4, r.year) && in.take<'-'>() && in.fixed(2, r.month) && in.take<'-'>() &&
                      in.fixed(2, r.day) && in.take<'T', 't', ' '>() && in.fixed(2, r.hour) && in.take<':'>() &&
                      in.fixed(2, r.minute) && scan_seconds(in, r) && scan_zone(in, r.offset_minutes) && in.done();
    return read ? instant_of(r) : std::nullopt;
}

std::optional<std::int64_t> offset_of_text(std::string_view text) noexcept
{
    constexpr std::int64_t micros_per_minute = 60'000'000;
    Scanner in(text);
    int minutes = 0;
    if (in.done() || !scan_zone(in, minutes) || !in.done()) return std::nullopt;
    return minutes * micros_per_minute;
}

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

IsoText iso8601(Instant instant) noexcept
{
    using namespace std::chrono;
    const sys_time<microseconds> moment{microseconds{instant}};
    const sys_days midnight = floor<days>(moment);
    const year_month_day date{midnight};
    const hh_mm_ss clock{moment - midnight};

    IsoText text{};
    char *at = put_digits(text.bytes, 4, static_cast<int>(date.year()));
    *at++ = '-';
    at = put_digits(at, 2, static_cast<int>(static_cast<unsigned>(date.month())));
    *at++ = '-';
    at = put_digits(at, 2, static_cast<int>(static_cast<unsigned>(date.day())));
    *at++ = 'T';
    at = put_digits(at, 2, static_cast<int>(clock.hours().count()));
    *at++ = ':';
    at = put_digits(at, 2, static_cast<int>(clock.minutes().count()));
    *at++ = ':';
    at = put_digits(at, 2, static_cast<int>(clock.seconds().count()));
    if (const auto micros = static_cast<int>(clock.subseconds().count()); micros != 0) {
        *at++ = '.';
        at = put_digits(at, micro_digits, micros);
    }
    *at++ = 'Z';
    text.size = static_cast<std::uint8_t>(at - text.bytes);
    return text;
}

} // namespace analytics::core
