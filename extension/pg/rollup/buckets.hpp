/* The buckets of a window, from the arguments of a SQL function: a window, a length, a time zone. */
#pragma once

#include "../../core/bucket.hpp"
#include "../border/postgres.hpp"

namespace analytics::pg {

inline constexpr int most_buckets = 100'000;

/** A bucket of that length, or SQLSTATE 22023. */
core::Bucket bucket_of(const Interval &interval);

struct BucketStarts {
    TimestampTz *times; // ascending, with room for one more; in the memory context that was current
    int count;
};

/** The buckets that overlap [start, end); none when it is empty. SQLSTATE 22023 for more than most_buckets, an unknown
 * time zone or a bad length; 22008 for times outside the years 0001 to 9999. */
BucketStarts bucket_starts(TimestampTz start, TimestampTz end, const Interval &bucket, const text *timezone);

} // namespace analytics::pg
