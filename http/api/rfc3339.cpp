#include "rfc3339.hpp"

#include <chrono>

namespace analytics::http {

namespace {

/* Takes the text from its front; once something did not fit, ok stays false and every number is 0. */
struct Reader {
    std::string_view text;
    bool ok = true;

    int number(int digits) noexcept
    {
        int value = 0;
        for (; ok && digits > 0; --digits) {
            ok = !text.empty() && text.front() >= '0' && text.front() <= '9';
            if (!ok) return 0;
            value = value * 10 + (text.front() - '0');
            text.remove_prefix(1);
        }
        return value;
    }

    char one_of(std::string_view accepted) noexcept
    {
        ok = ok && !text.empty() && accepted.find(text.front()) != std::string_view::npos;
        if (!ok) return '\0';
        const char c = text.front();
        text.remove_prefix(1);
        return c;
    }

    /** ".123…" as microseconds. */
    std::int64_t fraction() noexcept
    {
        if (!ok || text.empty() || text.front() != '.') return 0;
        text.remove_prefix(1);
        std::int64_t micros = std::int64_t{number(1)} * 100'000;
        for (std::int64_t unit = 10'000; ok && !text.empty() && text.front() >= '0' && text.front() <= '9'; unit /= 10)
            micros += number(1) * unit;
        return micros;
    }

    std::chrono::minutes offset() noexcept
    {
        const char sign = one_of("Zz+-");
        if (sign != '+' && sign != '-') return std::chrono::minutes{0};
        const int hours = number(2);
        one_of(":");
        const int minutes = number(2);
        ok = ok && hours < 24 && minutes < 60;
        return std::chrono::minutes{(hours * 60 + minutes) * (sign == '-' ? -1 : 1)};
    }
};

} // namespace

std::optional<std::int64_t> micros_of_rfc3339(std::string_view text) noexcept
{
    namespace chrono = std::chrono;
    Reader reader{text};
    const chrono::year year{reader.number(4)};
    reader.one_of("-");
    const chrono::month month{static_cast<unsigned>(reader.number(2))};
    reader.one_of("-");
    const chrono::day day{static_cast<unsigned>(reader.number(2))};
    reader.one_of("Tt ");
    const int hour = reader.number(2);
    reader.one_of(":");
    const int minute = reader.number(2);
    reader.one_of(":");
    const int second = reader.number(2);
    const std::int64_t fraction = reader.fraction();
    const chrono::minutes offset = reader.offset();

    const chrono::year_month_day date{year, month, day};
    if (!reader.ok || !reader.text.empty() || !date.ok() || hour > 23 || minute > 59 || second > 60)
        return std::nullopt;

    // A leap second is the one before midnight in UTC; it counts as the second after, so that sum is a midnight.
    const chrono::seconds since_epoch =
        (chrono::sys_days{date} + chrono::hours{hour} + chrono::minutes{minute} - offset + chrono::seconds{second})
            .time_since_epoch();
    if (second == 60 && since_epoch % chrono::days{1} != chrono::seconds{0}) return std::nullopt;

    const std::int64_t micros = chrono::microseconds{since_epoch}.count() + fraction;
    if (micros < min_micros || micros > max_micros) return std::nullopt;
    return micros;
}

} // namespace analytics::http
