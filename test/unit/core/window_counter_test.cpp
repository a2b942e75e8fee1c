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

constexpr std::int64_t second = 1'000'000;
constexpr std::int64_t minute = 60 * second;
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

/** The bags of events: some that count each event, and as many whose counts come to nothing. */
std::map<std::int64_t, std::vector<Bag>> bags_of(const std::vector<Event> &events, std::mt19937_64 &random)
{
    std::map<std::int64_t, std::vector<Bag>> bags;
    const auto add = [&](const Event &event, std::int64_t count) {
        const std::int64_t number = floor_div(event.at, hour);
        std::vector<Bag> &of_hour = bags[number];
        of_hour.resize(3);
        of_hour[random() % 3].add_second(event.type, static_cast<int>(floor_div(event.at, second) - number * 3600),
                                         count);
    };
    for (const Event &event : events) {
        Event other = events[random() % events.size()];
        other.at += static_cast<Instant>(random() % 3) * second;
        add(other, 1);
        add(event, 1);
        add(other, -1);
    }
    return bags;
}

void add_bag(WindowCounter &counter, std::int64_t number, const PackedBag &bag, bool has_seconds)
{
    counter.add_bag(number, bag.cells);
    if (!counter.wants_seconds(number)) return;
    if (!has_seconds) return counter.miss_seconds(number);
    const std::string head = bag.seconds.substr(0, SecondsHead::bytes_of(bag.seconds, bag.seconds.size()));
    const SecondsHead parts{head, bag.seconds.size()};
    const auto [start, end] = counter.wanted_bytes(number, parts);
    counter.add_seconds(number, parts, std::string_view(bag.seconds).substr(start, end - start));
}

/** What the server does with a counter. One bag in `without` has no seconds, none if that is 0. reads: how
 * many events were counted one by one. */
Answer count(const std::vector<Event> &events, const std::vector<Instant> &bounds, CountFrom from,
             std::mt19937_64 &random, unsigned without = 0, std::size_t *reads = nullptr)
{
    WindowCounter counter{bounds, from};
    const auto [start, end] = counter.hours();
    for (const auto &[number, of_hour] : bags_of(events, random)) {
        if (number < start || number >= end) continue;
        for (const Bag &bag : of_hour) {
            PackedBag packed;
            bag.pack(packed);
            add_bag(counter, number, packed, without == 0 || random() % without != 0);
        }
    }
    for_each_run(counter.decide(), [&](std::span<const Slice> run) {
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

/** An instant within a few hours of the epoch: of whole seconds, minutes and hours, their neighbours, and others. */
Instant any_instant(std::mt19937_64 &random, std::int64_t around)
{
    const Instant instant = std::uniform_int_distribution<Instant>(-around, around)(random);
    switch (std::uniform_int_distribution<>(0, 7)(random)) {
    case 0:
        return floor_div(instant, minute) * minute;
    case 1:
        return floor_div(instant, minute) * minute - 1;
    case 2:
        return floor_div(instant, hour) * hour + 1;
    case 3:
        return floor_div(instant, second) * second;
    case 4:
        return floor_div(instant, second) * second - 1;
    default:
        return instant;
    }
}

TEST(WindowCounter, AgreesWithEventsCountedOneByOne)
{
    std::mt19937_64 random = seeded();
    for (int round = 0; round < 600; ++round) {
        const std::int64_t around = round % 3 == 0 ? 5 * second : round % 3 == 1 ? 3 * minute : 5 * hour;
        std::vector<Event> events(200);
        for (Event &event : events)
            event = {any_instant(random, around), std::string(1, static_cast<char>('a' + random() % 4))};
        std::vector<Instant> bounds(1 + random() % 12);
        for (Instant &bound : bounds) bound = any_instant(random, around);
        std::sort(bounds.begin(), bounds.end());
        const Answer answer = oracle(events, bounds);
        for (const unsigned without : {0U, 1U, 6U})
            ASSERT_EQ(count(events, bounds, CountFrom::bags, random, without), answer) << "round " << round << without;
        ASSERT_EQ(count(events, bounds, CountFrom::events, random), answer) << "round " << round;
    }
}

/** How many of the events, one each tenth of a second, two hours' window reads that begins and ends at the edge. */
std::size_t reads_at(Instant edge, unsigned without)
{
    std::mt19937_64 random = seeded();
    std::vector<Event> events;
    for (Instant at = 0; at < 3 * hour; at += second / 10) events.push_back({at, "t"});
    std::size_t reads = 0;
    count(events, {hour + edge, 2 * hour + edge}, CountFrom::bags, random, without, &reads);
    return reads;
}

TEST(WindowCounter, ReadsAtMostHalfABrokenSecond)
{
    for (const Instant edge : {1, 500'000, 29'500'000, 30'400'000, 59'999'999}) EXPECT_LE(reads_at(edge, 0), 2 * 5U);
    EXPECT_EQ(reads_at(29'000'000, 0), 0U);
}

TEST(WindowCounter, ReadsAtMostHalfABrokenMinuteWithoutSeconds)
{
    for (const Instant edge : {1, 29'000'000, 30'000'000, 31'000'000, 59'999'999})
        EXPECT_LE(reads_at(edge, 1), 2 * 300U) << edge;
}

TEST(WindowCounter, ReadsNoEventBetweenWholeMinutes)
{
    WindowCounter counter{std::vector<Instant>{-hour, 0, 5 * minute}, CountFrom::bags};
    EXPECT_FALSE(counter.wants_seconds(-1));
    EXPECT_THAT(counter.decide(), testing::IsEmpty());
}

TEST(WindowCounter, NeedsNoBagForALittlePieceOfASecond)
{
    WindowCounter counter{std::vector<Instant>{1, 2}, CountFrom::bags};
    EXPECT_EQ(counter.hours().start, counter.hours().end);
    EXPECT_EQ(counter.decide().size(), 1U);
}

/* Counts of the hours are added once they are decided, whatever the order of bags. */
TEST(WindowCounter, TakesNoSecondsWhereOneBagHasNone)
{
    const std::vector<Instant> bounds{0, 20 * second};
    WindowCounter counter{bounds, CountFrom::bags};
    Bag bag;
    bag.add_second("t", 10, 1);
    PackedBag packed;
    bag.pack(packed);
    add_bag(counter, 0, packed, true);
    EXPECT_EQ(counter.counts_met(), 1U);
    add_bag(counter, 0, packed, false);
    EXPECT_FALSE(counter.wants_seconds(0));
    const std::vector<Slice> &slices = counter.decide();
    ASSERT_EQ(slices.size(), 1U);
    EXPECT_EQ(slices[0].end - slices[0].start, 20 * second);
    counter.finish();
    EXPECT_TRUE(counter.counts().empty());
}

TEST(WindowCounter, CountsSecondsOfATypeThatTheMinuteDoesNotHave)
{
    const std::vector<Instant> bounds{0, 20 * second};
    WindowCounter counter{bounds, CountFrom::bags, "moved"};
    Bag bag;
    bag.add_second("a", 10, 1);
    bag.add_second("moved", 10, 1);
    bag.add_second("moved", 40, -1);
    PackedBag packed;
    bag.pack(packed);
    add_bag(counter, 0, packed, true);
    counter.decide();
    counter.finish();
    EXPECT_THAT(counter.types(), testing::ElementsAre("moved"));
    ASSERT_EQ(counter.counts().size(), 1U);
    EXPECT_EQ(counter.counts()[0].count, 1);
}

/* What is left where bags outlive their events: nothing is lost, and nothing doubled. */
TEST(WindowCounter, WithoutEventsTheLongestPieceOfAMinuteHasAllOfIt)
{
    const std::vector<Instant> bounds{0, 10'000'000, 50'000'000, minute};
    WindowCounter counter{bounds, CountFrom::bags};
    Bag bag;
    bag.add("t", 0, 7);
    counter.add_bag(0, bag.pack());
    counter.miss_seconds(0);
    counter.decide();
    counter.finish();
    ASSERT_EQ(counter.counts().size(), 1U);
    EXPECT_EQ(counter.counts()[0].bucket, 1);
    EXPECT_EQ(counter.counts()[0].count, 7);
}

TEST(WindowCounter, WhatComesToNothingIsLeftOut)
{
    const std::vector<Instant> bounds{0, hour};
    WindowCounter counter{bounds, CountFrom::bags};
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
    WindowCounter counter{bounds, CountFrom::bags};
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
    WindowCounter counter{bounds, CountFrom::bags, "b"};
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
    WindowCounter counter{bounds, CountFrom::events};
    const std::span<const Slice> run{counter.decide()};
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
