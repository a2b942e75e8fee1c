/* analytics_buckets, analytics_bucket_start, analytics_iso8601: the core's time arithmetic for SQL. */

#include "boundary.hpp"
#include "times.hpp"

#include "core/window.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "funcapi.h"
}

namespace analytics::pg {
namespace {

constexpr int most_buckets = 100'000;

core::Bucket bucket_of(const Interval &interval)
{
    const std::optional<core::Bucket> bucket = core::Bucket::of_interval(interval.month, interval.day, interval.time);
    if (!bucket)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("bucket must be a whole number of minutes or of months")));
    return *bucket;
}

core::Instant required_instant(TimestampTz timestamp)
{
    if (!in_range(timestamp))
        ereport(ERROR,
                (errcode(ERRCODE_DATETIME_FIELD_OVERFLOW), errmsg("instant must lie in the years 0001 to 9999")));
    return instant_of(timestamp);
}

/* The end of a half-open window: may also be the first instant of the year 10000, or the last of 9999 was in no window. */
core::Instant required_end(TimestampTz timestamp)
{
    return timestamp == timestamptz_of(core::max_instant + 1) ? core::max_instant + 1 : required_instant(timestamp);
}

} // namespace
} // namespace analytics::pg

ANALYTICS_FUNCTION(analytics_bucket_start)
{
    using namespace analytics::pg;
    const analytics::core::Instant instant = required_instant(PG_GETARG_TIMESTAMPTZ(0));
    return TimestampTzGetDatum(timestamptz_of(bucket_of(*PG_GETARG_INTERVAL_P(1)).start(instant)));
}

ANALYTICS_FUNCTION(analytics_buckets)
{
    using namespace analytics::pg;
    const analytics::core::Instant start = required_instant(PG_GETARG_TIMESTAMPTZ(0));
    const analytics::core::Instant end = required_end(PG_GETARG_TIMESTAMPTZ(1));
    const analytics::core::Bucket bucket = bucket_of(*PG_GETARG_INTERVAL_P(2));

    InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
    auto *const result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    int count = 0;
    for (analytics::core::Instant at = bucket.start(start); start < end && at < end; at = bucket.next(at)) {
        if (++count > most_buckets)
            ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                            errmsg("window holds more than %d buckets", most_buckets),
                            errhint("Use a larger bucket or a shorter window.")));
        Datum values[] = {TimestampTzGetDatum(timestamptz_of(at))};
        bool nulls[] = {false};
        tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
    }
    return {};
}

ANALYTICS_FUNCTION(analytics_iso8601)
{
    using namespace analytics::pg;
    const analytics::core::IsoText iso = analytics::core::iso8601(required_instant(PG_GETARG_TIMESTAMPTZ(0)));
    return PointerGetDatum(cstring_to_text_with_len(iso.bytes, iso.size));
}
