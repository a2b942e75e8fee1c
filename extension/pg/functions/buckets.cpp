/* _analytics_buckets, analytics_bucket_start: buckets of a wall clock. */

#include "../rollup/buckets.hpp"
#include "../border/result_set.hpp"
#include "../border/times.hpp"
#include "../rollup/zone.hpp"

ANALYTICS_FUNCTION(analytics_bucket_start)
{
    using namespace analytics::pg;
    const analytics::core::Instant instant = required_instant(PG_GETARG_TIMESTAMPTZ(0), "instant");
    const analytics::core::Bucket bucket = bucket_of(*PG_GETARG_INTERVAL_P(1));
    const analytics::core::Zone &zone =
        zone_around(CurrentMemoryContext, PG_GETARG_TEXT_PP(2), bucket, instant, instant);
    return TimestampTzGetDatum(timestamptz_of(analytics::core::ZonedBucket{bucket, zone}.start(instant)));
}

ANALYTICS_FUNCTION(analytics_buckets)
{
    using namespace analytics::pg;
    const BucketStarts starts = bucket_starts(PG_GETARG_TIMESTAMPTZ(0), PG_GETARG_TIMESTAMPTZ(1),
                                              *PG_GETARG_INTERVAL_P(2), PG_GETARG_TEXT_PP(3));
    ResultSet result{fcinfo, MAT_SRF_USE_EXPECTED_DESC};
    for (int i = 0; i < starts.count; ++i) {
        Datum values[] = {TimestampTzGetDatum(starts.times[i])};
        bool nulls[] = {false};
        result.put(values, nulls);
    }
    return {};
}
