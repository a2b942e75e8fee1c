#include "plausible.hpp"

#include <string_view>

namespace analytics::core {
namespace {

constexpr std::int64_t day = 86'400'000'000;

/** A length of time as PostgreSQL writes an interval: "2 days 03:04:05.000006", "1 day", "00:05:00". */
std::string length_text(std::int64_t micros)
{
    std::string text;
    const std::int64_t days = micros / day;
    const std::int64_t rest = micros % day;
    if (days != 0) text = std::to_string(days).append(days == 1 ? " day" : " days");
    if (days != 0 && rest == 0) return text;
    if (days != 0) text += ' ';
    const IsoText clock = iso8601(rest); // 1970-01-01T03:04:05.000006Z
    std::string_view time = clock.view().substr(std::string_view{"1970-01-01T"}.size());
    time.remove_suffix(1);
    return text.append(time);
}

std::string too_far(std::int64_t most, std::int64_t distance, std::string_view direction)
{
    return std::string("must be at most ")
        .append(length_text(most))
        .append(direction)
        .append(" the ingestion time, and is ")
        .append(length_text(distance))
        .append(direction)
        .append(" it");
}

} // namespace

std::optional<std::string> implausibility(Instant time, Instant ingested_at, const TimeLimits &limits)
{
    const std::int64_t ahead = time - ingested_at; // both are of the years 0001 to 9999
    if (limits.max_future >= 0 && ahead > limits.max_future) return too_far(limits.max_future, ahead, " ahead of");
    if (limits.max_past >= 0 && -ahead > limits.max_past) return too_far(limits.max_past, -ahead, " behind");
    return std::nullopt;
}

} // namespace analytics::core
