#include "buckets.hpp"

#include "../border/times.hpp"
#include "zone.hpp"

namespace analytics::pg {

core::Bucket bucket_of(const Interval &interval)
{
    const std::optional<core::Bucket> bucket = core::Bucket::of_interval(interval.month, interval.day, interval.time);
    if (!bucket)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("bucket must be a whole number of minutes or of months"),
                        errhint("It may have at most %d years.", core::longest_bucket_years)));
    return *bucket;
}

BucketStarts bucket_starts(TimestampTz start, TimestampTz end, const Interval &bucket, const text *timezone)
{
    constexpr int first_room = 64;
    const core::Instant first = required_instant(start, "window_start");
    const core::Instant last = required_end(end, "window_end");
    const core::Bucket length = bucket_of(bucket);
    const core::ZonedBucket zoned{length, zone_around(CurrentMemoryContext, timezone, length, first, last)};

    int room = first_room;
    BucketStarts starts{static_cast<TimestampTz *>(palloc(sizeof(TimestampTz) * room)), 0};
    for (core::Instant at = zoned.start(first); first < last && at < last; at = zoned.next(at)) {
        if (starts.count == most_buckets)
            ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                            errmsg("bucket is too short: the window holds more than %d buckets", most_buckets),
                            errhint("Use a larger bucket or a shorter window.")));
        if (starts.count + 1 == room) {
            room *= 2;
            starts.times = static_cast<TimestampTz *>(repalloc(starts.times, sizeof(TimestampTz) * room));
        }
        starts.times[starts.count++] = timestamptz_of(at);
    }
    return starts;
}

} // namespace analytics::pg
