/* Where each part of a row of buckets is counted: whole minutes come from bags, the rest from the events themselves.
 *
 * A bound that is no whole minute breaks its minute. The pieces of a broken minute are counted from the events, all but
 * the longest: that one is what the minute's bag holds less the other pieces. So of a minute that a window's edge
 * breaks, never more than half is read.
 *
 *      bag of the minute        |<----------------------- 60 s ----------------------->|
 *      bound, buckets           |              bucket 4              |     bucket 5    |
 *      span (minute → bucket 4) |====================================================>|
 *      slice (+ 5, less 4)                                           |=================|
 *
 * Pieces outside the window belong to no bucket; where the longest is one of them the bag is not asked. Times are
 * microseconds from any midnight: nothing here knows which epoch it is. */
#pragma once

#include "bag.hpp"
#include "instant.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace analytics::core {

inline constexpr std::int32_t no_bucket = -1;

/** Whole minutes [start, end), numbered from the epoch's midnight, whose bags count for the bucket. */
struct Span {
    std::int64_t start;
    std::int64_t end;
    std::int32_t bucket;
};

/** Events of [start, end) count for the bucket, and are taken from what a bag gave to the other; either may be no_bucket. */
struct Slice {
    Instant start;
    Instant end;
    std::int32_t bucket;
    std::int32_t less;
};

/** Both in order and without overlap. */
struct CountPlan {
    std::vector<Span> spans;
    std::vector<Slice> slices;
};

/** For the buckets [bounds[i], bounds[i + 1]); bounds ascend, and equal ones make an empty bucket. */
CountPlan plan_with_bags(std::span<const Instant> bounds);

/** The same counts from the events alone: one slice a bucket. */
CountPlan plan_from_events(std::span<const Instant> bounds);

/** Calls see(run) for each longest row of slices that touch each other, which one range of events answers. */
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
