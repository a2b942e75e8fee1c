/* Buckets on a wall clock that jumps, compared with the two rules applied minute by minute; and known difficult clocks,
 * case by case. */
#include "../../../extension/core/zone.hpp"

#include "seed.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace analytics::core {
namespace {

constexpr std::int64_t minute = 60'000'000;
constexpr std::int64_t hour = 60 * minute;
constexpr std::int64_t day = 24 * hour;

std::int64_t shown(const Zone &zone, Instant instant)
{
    return instant + zone[zone.at(instant)].ahead;
}

/** Every start of a bucket in [from, to), by the rules alone; jumps and instants are whole minutes. */
std::vector<Instant> starts_by_the_minute(const Bucket &bucket, const Zone &zone, Instant from, Instant to)
{
    std::vector<Instant> starts;
    if (bucket.of_days()) { // the midnight that stays: nothing earlier is ever shown again
        std::int64_t earliest = shown(zone, to + 3 * day);
        std::int64_t kept = bucket.start(earliest);
        for (Instant at = to + 3 * day; at >= from - minute; at -= minute) {
            earliest = std::min(earliest, shown(zone, at));
            if (const std::int64_t local = bucket.start(earliest); local != kept) {
                if (at + minute >= from && at + minute < to) starts.push_back(at + minute);
                kept = local;
            }
        }
        std::reverse(starts.begin(), starts.end());
        return starts;
    }
    for (Instant at = from; at < to; at += minute) {
        const std::int64_t local = bucket.start(shown(zone, at));
        if (local == shown(zone, at) || local != bucket.start(shown(zone, at - 1))) starts.push_back(at);
    }
    return starts;
}

std::vector<Instant> starts_in(const Bucket &bucket, const Zone &zone, Instant from, Instant to)
{
    const ZonedBucket zoned{bucket, zone};
    std::vector<Instant> starts;
    for (Instant at = zoned.start(from); at < to; at = zoned.next(at))
        if (at >= from) starts.push_back(at);
    return starts;
}

TEST(Zone, BucketsBeginWhereTheRulesSay)
{
    std::mt19937_64 random = seeded();
    const auto minutes = [&](std::int64_t least, std::int64_t most) {
        return std::uniform_int_distribution<std::int64_t>(least, most)(random) * minute;
    };
    const std::int64_t lengths[] = {minute,   7 * minute, 15 * minute, 20 * minute, hour,
                                    6 * hour, 23 * hour,  day,         3 * day};
    for (int round = 0; round < 300; ++round) {
        std::vector<Offset> offsets;
        Instant from = minutes(-8'000, -4'000);
        for (int i = 0; i < 5; ++i, from += minutes(1, 5'000)) offsets.push_back({from, minutes(-840, 840)});
        const Zone zone{offsets};
        const Bucket bucket = *Bucket::of_interval(0, 0, lengths[static_cast<std::size_t>(round) % std::size(lengths)]);
        ASSERT_EQ(starts_in(bucket, zone, -5 * day, 8 * day), starts_by_the_minute(bucket, zone, -5 * day, 8 * day))
            << "round " << round;
    }
}

TEST(Zone, AnInstantLiesBetweenItsBucketsStartAndTheNext)
{
    std::mt19937_64 random = seeded();
    for (int round = 0; round < 20'000; ++round) {
        const auto jump = static_cast<std::int64_t>(random() % 1'000) * minute;
        const Offset offsets[] = {{-jump, (static_cast<std::int64_t>(random() % 1'600) - 800) * minute},
                                  {jump, (static_cast<std::int64_t>(random() % 1'600) - 800) * minute}};
        const Zone zone{offsets};
        const Bucket bucket = *Bucket::of_interval(0, 0, static_cast<std::int64_t>(1 + random() % 3'000) * minute);
        const ZonedBucket zoned{bucket, zone};
        const Instant instant = static_cast<std::int64_t>(random() % (4 * day)) - 2 * day;
        const Instant start = zoned.start(instant);
        ASSERT_LE(start, instant);
        ASSERT_GT(zoned.next(start), instant);
        ASSERT_EQ(zoned.start(start), start);
        ASSERT_EQ(zoned.start(zoned.next(start) - 1), start);
    }
}

TEST(Zone, InUtcBucketsAreMultiplesSinceTheEpoch)
{
    std::mt19937_64 random = seeded();
    const Offset utc[] = {{min_instant, 0}};
    const Zone zone{utc};
    for (int round = 0; round < 10'000; ++round) {
        const bool months = round % 3 == 0;
        const auto length = static_cast<std::int32_t>(1 + random() % 10'000);
        const Bucket bucket =
            months ? *Bucket::of_interval(length % 50 + 1, 0, 0) : *Bucket::of_interval(0, 0, length * minute);
        const Instant instant = std::uniform_int_distribution<Instant>(min_instant, max_instant)(random);
        const ZonedBucket zoned{bucket, zone};
        ASSERT_EQ(zoned.start(instant), bucket.start(instant));
        ASSERT_EQ(zoned.next(zoned.start(instant)), bucket.next(bucket.start(instant)));
    }
}

/* A clock that jumps once, at noon of 1 January 1970 UTC. */
struct Jump {
    std::int64_t before, after;
    std::int64_t bucket;
    std::vector<std::int64_t> starts; // within ninety minutes of the jump, relative to it
};

class ZoneJump : public testing::TestWithParam<Jump> {};

TEST_P(ZoneJump, Buckets)
{
    const Instant noon = 12 * hour;
    const Offset offsets[] = {{-10 * day, GetParam().before}, {noon, GetParam().after}};
    std::vector<std::int64_t> starts =
        starts_in(*Bucket::of_interval(0, 0, GetParam().bucket), Zone{offsets}, noon - day, noon + day);
    for (std::int64_t &start : starts) start -= noon;
    std::erase_if(starts, [](std::int64_t start) { return std::abs(start) > 90 * minute; });
    EXPECT_EQ(starts, GetParam().starts);
}

INSTANTIATE_TEST_SUITE_P(Clocks, ZoneJump,
                         testing::Values(
                             // 03:00 is shown as 02:00 again: that hour is two buckets
                             Jump{-9 * hour, -10 * hour, hour, {-hour, 0, hour}},
                             // 02:00 is shown as 03:00: that hour is none
                             Jump{-10 * hour, -9 * hour, hour, {-hour, 0, hour}},
                             // a quarter of the day is an hour longer
                             Jump{-9 * hour, -10 * hour, 6 * hour, {}},
                             // half an hour back, from 02:00 to 01:30: one o'clock lasts ninety minutes
                             Jump{-10 * hour, -10 * hour - 30 * minute, hour, {-hour, 30 * minute, 90 * minute}},
                             // half an hour on, from 02:00 to 02:30: two o'clock lasts thirty
                             Jump{-10 * hour, -9 * hour - 30 * minute, hour, {-hour, 0, 30 * minute, 90 * minute}},
                             // midnight is leapt over: the day begins at one
                             Jump{-12 * hour, -11 * hour, day, {0}},
                             // and is shown a second time: that one counts
                             Jump{-12 * hour, -13 * hour, day, {hour}},
                             // a minute past midnight back to eleven: one day, not two
                             Jump{-11 * hour - 59 * minute, -12 * hour - 59 * minute, day, {59 * minute}},
                             // a whole day is left out
                             Jump{-12 * hour, 12 * hour, day, {0}}));

} // namespace
} // namespace analytics::core
