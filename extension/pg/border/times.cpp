#include "times.hpp"

extern "C" {
#include "utils/datetime.h"
}

namespace analytics::pg {

core::Instant required_instant(TimestampTz timestamp, const char *name)
{
    if (!in_range(timestamp))
        ereport(ERROR,
                (errcode(ERRCODE_DATETIME_FIELD_OVERFLOW), errmsg("%s must lie in the years 0001 to 9999", name)));
    return instant_of(timestamp);
}

core::Instant required_end(TimestampTz timestamp, const char *name)
{
    return timestamp == timestamptz_of(core::max_instant + 1) ? core::max_instant + 1
                                                              : required_instant(timestamp, name);
}

const char *text_of_instant(TimestampTz timestamp)
{
    if (TIMESTAMP_IS_NOBEGIN(timestamp)) return "-infinity";
    if (TIMESTAMP_IS_NOEND(timestamp)) return "infinity";
    if (in_range(timestamp)) {
        const core::IsoText iso = core::iso8601(instant_of(timestamp));
        return pnstrdup(iso.bytes, iso.size);
    }
    struct pg_tm at {};
    fsec_t micros = 0;
    if (timestamp2tm(timestamp, nullptr, &at, &micros, nullptr, nullptr) != 0)
        ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE), errmsg("timestamp out of range")));
    const char *const fraction = micros == 0 ? "" : psprintf(".%06d", micros);
    return psprintf(at.tm_year == 0 ? "%04d-%02d-%02dT%02d:%02d:%02d%sZ" : "%+07d-%02d-%02dT%02d:%02d:%02d%sZ",
                    at.tm_year, at.tm_mon, at.tm_mday, at.tm_hour, at.tm_min, at.tm_sec, fraction);
}

} // namespace analytics::pg
