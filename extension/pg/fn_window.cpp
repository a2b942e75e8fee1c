/* analytics_buckets, analytics_bucket_start, analytics_iso8601: the core's time arithmetic for SQL. */

#include "boundary.hpp"
#include "times.hpp"
#include "zone.hpp"

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

} // namespace
} // namespace analytics::pg

ANALYTICS_FUNCTION(analytics_bucket_start)
{
    using namespace analytics::pg;
    const analytics::core::Instant instant = required_instant(PG_GETARG_TIMESTAMPTZ(0));
    const analytics::core::Bucket bucket = bucket_of(*PG_GETARG_INTERVAL_P(1));
    const analytics::core::Zone &zone =
        zone_around(CurrentMemoryContext, PG_GETARG_TEXT_PP(2), bucket, instant, instant);
    return TimestampTzGetDatum(timestamptz_of(analytics::core::ZonedBucket{bucket, zone}.start(instant)));
}

ANALYTICS_FUNCTION(analytics_buckets)
{
    using namespace analytics::pg;
    const analytics::core::Instant start = required_instant(PG_GETARG_TIMESTAMPTZ(0));
    const analytics::core::Instant end = required_end(PG_GETARG_TIMESTAMPTZ(1));
    const analytics::core::Bucket length = bucket_of(*PG_GETARG_INTERVAL_P(2));
    const analytics::core::Zone &zone = zone_around(CurrentMemoryContext, PG_GETARG_TEXT_PP(3), length, start, end);
    const analytics::core::ZonedBucket bucket{length, zone};

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
