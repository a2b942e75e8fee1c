#include "times.hpp"

namespace analytics::pg {

core::Instant required_instant(TimestampTz timestamp)
{
    if (!in_range(timestamp))
        ereport(ERROR,
                (errcode(ERRCODE_DATETIME_FIELD_OVERFLOW), errmsg("instant must lie in the years 0001 to 9999")));
    return instant_of(timestamp);
}

core::Instant required_end(TimestampTz timestamp)
{
    return timestamp == timestamptz_of(core::max_instant + 1) ? core::max_instant + 1 : required_instant(timestamp);
}

} // namespace analytics::pg
