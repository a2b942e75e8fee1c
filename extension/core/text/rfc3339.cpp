#include "rfc3339.hpp"

#include "scanner.hpp"

#include <algorithm>
#include <chrono>

namespace analytics::core {

namespace {

constexpr std::int64_t micros_per_second = 1'000'000;
constexpr std::int64_t seconds_per_minute = 60;
constexpr std::int64_t seconds_per_hour = 3'600;
constexpr std::int64_t seconds_per_day = 86'400;
constexpr int micro_digits = 6;

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

bool scan_seconds(Scanner &in, ClockTime &r) noexcept
{
    if (!in.take<':'>()) return true;
    if (!in.fixed(2, r.second)) return false;
    std::string_view fraction;
    if (in.take<'.', ','>() && !in.digits(fraction)) return false;
    r.micros = micros_of(fraction);
    return true;
}

/** Writes the last width digits of value; the place after them. */
char *put_digits(char *at, int width, int value) noexcept
{
    for (char *digit = at + width; digit != at; value /= 10) *--digit = static_cast<char>('0' + value % 10);
    return at + width;
}

} // namespace

std::optional<Instant> instant_of(const ClockTime &time) noexcept
{
    const std::chrono::year_month_day date{std::chrono::year{time.year},
                                           std::chrono::month(static_cast<unsigned>(time.month)),
                                           std::chrono::day(static_cast<unsigned>(time.day))};
    if (!date.ok() || time.hour > 23 || time.minute > 59 || time.second > 60) return std::nullopt;

    const std::int64_t days = std::chrono::sys_days{date}.time_since_epoch().count();
    const std::int64_t seconds = days * seconds_per_day + time.hour * seconds_per_hour +
                                 (time.minute - time.offset_minutes) * seconds_per_minute + time.second;
    // A leap second is the one before midnight in UTC; it counts as the second after, so that sum is a midnight.
    if (time.second == 60 && seconds % seconds_per_day != 0) return std::nullopt;
    return in_range(seconds * micros_per_second + time.micros);
}

std::optional<Instant> instant_of_rfc3339(std::string_view text) noexcept
{
    constexpr std::string_view to_minutes = "YYYY-MM-DDThh:mm";
    constexpr std::string_view to_seconds = "YYYY-MM-DDThh:mm:ss";
    constexpr std::string_view offset = "+hh:mm";

    if (text.size() <= to_seconds.size() || text[to_minutes.size()] != ':' || text[to_seconds.size()] == ',')
        return std::nullopt;
    const std::string_view end = text.substr(text.size() - std::min(text.size() - to_seconds.size(), offset.size()));
    const bool has_offset = end.back() == 'Z' || end.back() == 'z' ||
                            (end.size() == offset.size() && (end[0] == '+' || end[0] == '-') && end[3] == ':');
    return has_offset ? instant_of_text(text) : std::nullopt;
}

std::optional<Instant> instant_of_text(std::string_view text) noexcept
{
    Scanner in(text);
    ClockTime r;
    const bool read = in.fixed(4, r.year) && in.take<'-'>() && in.fixed(2, r.month) && in.take<'-'>() &&
                      in.fixed(2, r.day) && in.take<'T', 't', ' '>() && in.fixed(2, r.hour) && in.take<':'>() &&
                      in.fixed(2, r.minute) && scan_seconds(in, r) && scan_zone(in, r.offset_minutes) && in.done();
    return read ? instant_of(r) : std::nullopt;
}

std::optional<std::int64_t> offset_of_text(std::string_view text) noexcept
{
    Scanner in(text);
    int minutes = 0;
    if (in.done() || !scan_zone(in, minutes) || !in.done()) return std::nullopt;
    return minutes * seconds_per_minute * micros_per_second;
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
