/* Instants between two epochs: the core counts microseconds from 1970, PostgreSQL from 2000. */
#pragma once

#include "../../core/instant.hpp"
#include "postgres.hpp"

namespace analytics::pg {

inline constexpr std::int64_t epoch_difference =
    (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * std::int64_t{SECS_PER_DAY} * USECS_PER_SEC;

inline TimestampTz timestamptz_of(core::Instant instant) noexcept
{
    return instant - epoch_difference;
}

/** Requires a timestamp that is in the core's range. */
inline core::Instant instant_of(TimestampTz timestamp) noexcept
{
    return timestamp + epoch_difference;
}

/** Whether the core can hold it: finite and in the years 0001 to 9999. */
inline bool in_range(TimestampTz timestamp) noexcept
{
    return timestamp >= timestamptz_of(core::min_instant) && timestamp <= timestamptz_of(core::max_instant);
}

/** The instant of the core's range that is nearest to any timestamp, also an infinite one. */
inline core::Instant nearest_instant(TimestampTz timestamp) noexcept
{
    if (in_range(timestamp)) return instant_of(timestamp);
    return timestamp < 0 ? core::min_instant : core::max_instant;
}

/** The core's instant, or SQLSTATE 22008 with the argument's name. */
core::Instant required_instant(TimestampTz timestamp, const char *name);

/** The same for the end of a half-open window. It may also be the first instant of the year 10000: otherwise no window
 * could hold the last instant of 9999. */
core::Instant required_end(TimestampTz timestamp, const char *name);

/** Any timestamp as text, in the current memory context: "YYYY-MM-DDThh:mm:ss[.ffffff]Z" in the years 0000 (1 BC) to
 * 9999. Other years have a sign and six digits, as in ISO 8601's expanded form. Also "infinity" and "-infinity". */
const char *text_of_instant(TimestampTz timestamp);

} // namespace analytics::pg
