#include "bucket.hpp"

#include <chrono>

namespace analytics::core {
namespace {

constexpr std::int64_t minute = 60'000'000;
constexpr std::int64_t day = 1'440 * minute;

constexpr std::int64_t max_days = std::int64_t{longest_bucket_years} * 366;

constexpr std::int64_t floor_to(std::int64_t value, std::int64_t step) noexcept
{
    const std::int64_t rest = value % step;
    return value - (rest < 0 ? rest + step : rest);
}

std::int64_t month_of(Instant instant) noexcept
{
    const std::chrono::sys_days date{std::chrono::days{floor_to(instant, day) / day}};
    const std::chrono::year_month_day civil{date};
    return (static_cast<int>(civil.year()) - 1970) * std::int64_t{12} + static_cast<unsigned>(civil.month()) - 1;
}

Instant start_of_month(std::int64_t month) noexcept
{
    const std::int64_t years = floor_to(month, 12) / 12;
    const std::chrono::year_month_day civil{std::chrono::year{static_cast<int>(1970 + years)},
                                            std::chrono::month{static_cast<unsigned>(month - years * 12) + 1},
                                            std::chrono::day{1}};
    return std::chrono::sys_days{civil}.time_since_epoch().count() * day;
}

} // namespace

std::optional<Bucket> Bucket::of_interval(std::int32_t months, std::int32_t days, std::int64_t micros) noexcept
{
    if (months != 0) {
        constexpr std::int32_t max_months = 12 * longest_bucket_years;
        if (months < 0 || months > max_months || days != 0 || micros != 0) return std::nullopt;
        return Bucket{months, 0};
    }
    if (days < -max_days || days > max_days || micros < -max_days * day || micros > max_days * day) return std::nullopt;
    const std::int64_t length = days * day + micros;
    if (length <= 0 || length > max_days * day || length % minute != 0) return std::nullopt;
    return Bucket{0, length};
}

bool Bucket::of_days() const noexcept
{
    return micros_ % day == 0;
}

Instant Bucket::start(Instant instant) const noexcept
{
    if (months_ == 0) return floor_to(instant, micros_);
    return start_of_month(floor_to(month_of(instant), months_));
}

Instant Bucket::next(Instant start) const noexcept
{
    if (months_ == 0) return start + micros_;
    return start_of_month(month_of(start) + months_);
}

} // namespace analytics::core
