/* How to count adjacent buckets: whole minutes from bags, the rest from events.
 *
 * A bound within a minute divides it into pieces. All pieces but the longest are counted from the events. The longest
 * is the minute's count in the bag minus the other pieces. So never more than half of a divided minute is read from
 * events.
 *
 *      bag of the minute        |<----------------------- 60 s ----------------------->|
 *      bound, buckets           |              bucket 4              |     bucket 5    |
 *      span (minute → bucket 4) |====================================================>|
 *      slice (+ 5, less 4)                                           |=================|
 *
 * Where bags have seconds, the same is done by second: whole seconds from bags, and never more than half of a
 * divided second from events. A plan is made for each unit, and both are the same outside of divided minutes.
 *
 * A piece outside the window belongs to no bucket. When that is the longest piece, the bag is not read. Times are
 * microseconds from any midnight. */
#pragma once

#include "bag.hpp"
#include "instant.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace analytics::core {

inline constexpr std::int32_t no_bucket = -1;

/** Whole units [start, end), numbered from that midnight: what bags hold of them counts for the bucket. */
struct Span {
    std::int64_t start;
    std::int64_t end;
    std::int32_t bucket;
};

/** Events of [start, end) are added to the bucket, and subtracted from `less`, to which a bag has added them. Either
 * may be no_bucket. */
struct Slice {
    Instant start;
    Instant end;
    std::int32_t bucket;
    std::int32_t less;
};

/** Spans and slices are in order and don't overlap. */
struct CountPlan {
    std::vector<Span> spans;
    std::vector<Slice> slices;
};

/** A plan for the buckets [bounds[i], bounds[i + 1]), from bags that count by a unit of so many microseconds. The
 * bounds ascend; equal ones make an empty bucket. */
CountPlan plan_by(Micros unit, std::span<const Instant> bounds);

/** A plan that counts events only: one slice a bucket. */
CountPlan plan_from_events(std::span<const Instant> bounds);

/** Calls see(run) for each run of slices without a gap between them: one query counts it. */
template <class See> void for_each_run(std::span<const Slice> slices, See see)
{
    std::size_t first = 0;
    for (std::size_t i = 1; i <= slices.size(); ++i) {
        if (i < slices.size() && slices[i].start == slices[i - 1].end) continue;
        see(slices.subspan(first, i - first));
        first = i;
    }
}

} // namespace analytics::core
