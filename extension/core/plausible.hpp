/* Whether the time that an event gives itself can be believed.
 *
 * A producer whose clock is wrong dates its events years ahead or back. Such an event would be the newest for years,
 * and would need a range of time of its own. So an event's own time may lie only so far from the ingestion time. Both
 * are given: there is no clock here. */
#pragma once

#include "text/rfc3339.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace analytics::core {

/** How far an event's own time may lie ahead of the ingestion time, and behind it: microseconds. Negative: any time
 * will do. */
struct TimeLimits {
    std::int64_t max_future = -1;
    std::int64_t max_past = -1;

    friend bool operator==(const TimeLimits &, const TimeLimits &) = default;
};

/** What is wrong with a time beyond the limits, and how far away it is. Nothing when the time can be believed. */
[[nodiscard]] std::optional<std::string> implausibility(Instant time, Instant ingested_at, const TimeLimits &limits);

} // namespace analytics::core
