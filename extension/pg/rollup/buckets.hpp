/* Buckets that meet a window, as arguments of a SQL function say: a window, a length, a time zone. */
#pragma once

#include "../../core/bucket.hpp"
#include "../border/postgres.hpp"

namespace analytics::pg {

inline constexpr int most_buckets = 100'000;

/** A bucket's length, or SQLSTATE 22023. */
core::Bucket bucket_of(const Interval &interval);

struct BucketStarts {
    TimestampTz *times; // ascending, in the memory context that was current; room for one more
    int count;
};

/** The buckets that meet [start, end); none when it is empty. More than most_buckets, an unknown time zone, a length that is none
 * are SQLSTATE 22023, times that are not of the years 0001 to 9999 are 22008. */
BucketStarts bucket_starts(TimestampTz start, TimestampTz end, const Interval &bucket, const text *timezone);

} // namespace analytics::pg
