/* Counts by a plan, from bags and events, compared with counting the events one by one. The bounds are random; some are
 * next to whole minutes, and some minutes have several. */
#include "../../../extension/core/bag.hpp"
#include "../../../extension/core/window_counter.hpp"

#include "seed.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <tuple>

namespace analytics::core {
namespace {

constexpr std::int64_t minute = 60'000'000;
constexpr std::int64_t hour = 60 * minute;

struct Event {
    Instant at;
    std::string type;
};

using Answer = std::map<std::pair<int, std::string>, std::int64_t>; // bucket, type → count

std::int64_t floor_div(std::int64_t value, std::int64_t by)
{
    return value / by - (value % by < 0 ? 1 : 0);
}

/** What the server does with a plan. reads: how many events were counted one by one. */
Answer count(const std::vector<Event> &events, const std::vector<Instant> &bounds,
             CountPlan (*planner)(std::span<const Instant>), std::size_t *reads = nullptr)
{
    std::map<std::int64_t, std::vector<Bag>> bags; // several an hour, to be added up
    for (const Event &event : events) {
        std::vector<Bag> &of_hour = bags[floor_div(event.at, hour)];
        of_hour.resize(2);
        of_hour[event.at % 2 == 0].add(
            event.type, static_cast<int>(floor_div(event.at, minute) - floor_div(event.at, hour) * 60), 1);
    }

    WindowCounter counter{bounds, planner};
    if (!counter.plan().spans.empty())
        for (const auto &[number, of_hour] : bags)
            for (const Bag &bag : of_hour) counter.add_bag(number, bag.pack());
    for_each_run(counter.plan().slices, [&](std::span<const Slice> run) {
        for (const Event &event : events)
            if (event.at >= run.front().start && event.at < run.back().end) {
                counter.add_event(run, event.at, event.type);
                if (reads != nullptr) ++*reads;
            }
    });
    counter.finish();

    Answer answer;
    for (const WindowCounter::BucketCount &cell : counter.counts())
        answer[{cell.bucket, std::string{counter.types()[cell.type]}}] = cell.count;
    return answer;
}

Answer oracle(const std::vector<Event> &events, const std::vector<Instant> &bounds)
{
    Answer answer;
    for (const Event &event : events)
        for (std::size_t i = 0; i + 1 < bounds.size(); ++i)
            if (event.at >= bounds[i] && event.at < bounds[i + 1]) ++answer[{static_cast<int>(i), event.type}];
    return answer;
}

/** An instant within a few hours of the epoch: of whole minutes and hours, their neighbours, and others. */
Instant any_instant(std::mt19937_64 &random, std::int64_t around)
{
    const Instant instant = std::uniform_int_distribution<Instant>(-around, around)(random);
    switch (std::uniform_int_distribution<>(0, 5)(random)) {
    case 0:
        return floor_div(instant, minute) * minute;
    case 1:
        return floor_div(instant, minute) * minute - 1;
    case 2:
        return floor_div(instant, hour) * hour + 1;
    default:
        return instant;
    }
}

TEST(WindowCounter, AgreesWithEventsCountedOneByOne)
{
    std::mt19937_64 random = seeded();
    for (int round = 0; round < 400; ++round) {
        const std::int64_t around = round % 2 == 0 ? 3 * minute : 5 * hour;
        std::vector<Event> events(200);
        for (Event &event : events)
            event = {any_instant(random, around), std::string(1, static_cast<char>('a' + random() % 4))};
        std::vector<Instant> bounds(1 + random() % 12);
        for (Instant &bound : bounds) bound = any_instant(random, around);
        std::sort(bounds.begin(), bounds.end());
        ASSERT_EQ(count(events, bounds, plan_with_bags), oracle(events, bounds)) << "round " << round;
        ASSERT_EQ(count(events, bounds, plan_from_events), oracle(events, bounds)) << "round " << round;
    }
}

TEST(WindowCounter, ReadsAtMostHalfABrokenMinute)
{
    std::vector<Event> events;
    for (Instant at = 0; at < 3 * hour; at += 1'000'000) events.push_back({at, "t"});
    for (const Instant edge : {1, 29'000'000, 30'000'000, 31'000'000, 59'999'999}) {
        std::size_t reads = 0;
        count(events, {hour + edge, 2 * hour + edge}, plan_with_bags, &reads);
        EXPECT_LE(reads, 2 * 30U) << edge;
    }
}

TEST(WindowCounter, ReadsNoEventBetweenWholeMinutes)
{
    EXPECT_THAT(plan_with_bags(std::vector<Instant>{-hour, 0, 5 * minute}).slices, testing::IsEmpty());
}

TEST(WindowCounter, NeedsNoBagForALittlePieceOfAMinute)
{
    EXPECT_THAT(plan_with_bags(std::vector<Instant>{1, 2}).spans, testing::IsEmpty());
}

/* What is left where bags outlive their events: nothing is lost, and nothing doubled. */
TEST(WindowCounter, WithoutEventsTheLongestPieceOfAMinuteHasAllOfIt)
{
    const std::vector<Instant> bounds{0, 10'000'000, 50'000'000, minute};
    WindowCounter counter{bounds, plan_with_bags};
    Bag bag;
    bag.add("t", 0, 7);
    counter.add_bag(0, bag.pack());
    counter.finish();
    ASSERT_EQ(counter.counts().size(), 1U);
    EXPECT_EQ(counter.counts()[0].bucket, 1);
    EXPECT_EQ(counter.counts()[0].count, 7);
}

TEST(WindowCounter, WhatComesToNothingIsLeftOut)
{
    const std::vector<Instant> bounds{0, hour};
    WindowCounter counter{bounds, plan_with_bags};
    Bag more;
    more.add("t", 0, 7);
    Bag less;
    less.add("t", 0, -7);
    counter.add_bag(0, more.pack());
    counter.add_bag(0, less.pack());
    counter.finish();
    EXPECT_TRUE(counter.counts().empty());
}

/* What might be is not paid for: a hundred thousand buckets and three thousand types, each in one of them. */
TEST(WindowCounter, HoldsNoMoreThanWasCounted)
{
    std::vector<Instant> bounds(100'001);
    for (std::size_t i = 0; i < bounds.size(); ++i) bounds[i] = static_cast<Instant>(i) * minute;
    WindowCounter counter{bounds, plan_with_bags};
    for (int type = 0; type < 3'000; ++type) {
        Bag bag;
        bag.add("type " + std::to_string(type), type % 60, 1);
        counter.add_bag(type / 2, bag.pack());
    }
    EXPECT_EQ(counter.counts_met(), 3'000U);
    counter.finish();
    EXPECT_EQ(counter.counts().size(), 3'000U);
    EXPECT_EQ(counter.types().size(), 3'000U);
}

TEST(WindowCounter, CountsOneTypeAlone)
{
    const std::vector<Instant> bounds{0, hour, hour + minute};
    WindowCounter counter{bounds, plan_with_bags, "b"};
    Bag bag;
    for (const char *type : {"a", "b", "c"}) bag.add(type, 0, 2);
    counter.add_bag(0, bag.pack());
    counter.add_bag(1, bag.pack());
    counter.finish();
    EXPECT_THAT(counter.types(), testing::ElementsAre("b"));
    ASSERT_EQ(counter.counts().size(), 2U);
    EXPECT_EQ(counter.counts()[1].count, 2);
}

TEST(WindowCounter, TypesAndCellsAreInOrder)
{
    const std::vector<Instant> bounds{0, minute, 2 * minute};
    WindowCounter counter{bounds, plan_from_events};
    const std::span<const Slice> run{counter.plan().slices};
    for (const char *type : {"b", "a", "c", "a"}) counter.add_event(run, minute, type);
    counter.add_event(run, 0, "c");
    counter.finish();
    EXPECT_THAT(counter.types(), testing::ElementsAre("a", "b", "c"));
    std::vector<std::tuple<int, int, int>> counts;
    for (const auto &cell : counter.counts()) counts.emplace_back(cell.bucket, cell.type, cell.count);
    EXPECT_THAT(counts, testing::ElementsAre(std::tuple{0, 2, 1}, std::tuple{1, 0, 2}, std::tuple{1, 1, 1},
                                             std::tuple{1, 2, 1}));
}

} // namespace
} // namespace analytics::core
