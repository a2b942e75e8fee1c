/* Cells: events that are recorded, split into bags and added up in any order give the same cells as the events at once;
 * the limit; what bags are missing. The oracle keeps every event. */
#include "../../../extension/core/cells.hpp"
#include "../../../extension/core/dimension_key.hpp"
#include "../../../extension/core/error.hpp"

#include "seed.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace analytics::core {
namespace {

constexpr std::size_t measures = 2;

ExactNumber number(int value)
{
    Decimal decimal;
    to_decimal(std::to_string(value), decimal);
    return ExactNumber{decimal};
}

std::string key_of(std::string_view text)
{
    KeyWriter key;
    key.put(text);
    return key.key();
}

ProjectedEvent event(const std::string &key, std::optional<int> first, std::optional<int> second = std::nullopt,
                     bool mismatched = false)
{
    ProjectedEvent made{key_of(key), {std::nullopt, std::nullopt}, mismatched};
    if (first) made.values[0] = number(*first);
    if (second) made.values[1] = number(*second);
    return made;
}

Cells cells_of(const std::vector<ProjectedEvent> &events, std::size_t limit)
{
    Cells cells{measures, limit};
    for (const ProjectedEvent &event : events) cells.record(event, 1);
    return cells;
}

/** The bags said again from their bytes, added up in the order given. */
Cells sum_of(const std::vector<std::string> &bags, std::size_t limit)
{
    Cells sum{measures, limit};
    for (const std::string &bag : bags) sum.merge(bag);
    return sum;
}

/** Counts and sums are equal, and extremes that are not doubtful are the events' own. */
void expect_says(const Cell &cell, const Cell &truth)
{
    EXPECT_EQ(cell.count, truth.count);
    EXPECT_EQ(cell.mismatched, truth.mismatched);
    for (std::size_t i = 0; i < measures; ++i) {
        const Measure &measure = cell.measures[i];
        const Measure &due = truth.measures[i];
        EXPECT_EQ(measure.count, due.count);
        EXPECT_EQ(measure.sum, due.sum);
        if (due.count == 0) continue;
        EXPECT_TRUE(measure.inserted);
        EXPECT_TRUE(measure.least_is_doubtful() || measure.inserted->least == due.inserted->least);
        EXPECT_TRUE(measure.greatest_is_doubtful() || measure.inserted->greatest == due.inserted->greatest);
    }
}

/** All cells say what the events say; what is beyond the kept ones is in "other". */
void expect_says(const Cells &cells, const std::vector<ProjectedEvent> &events)
{
    Cells kept{measures, SIZE_MAX};
    Cells rest{measures, 0};
    for (const ProjectedEvent &event : events)
        (cells.kept().contains(CellKey{event.key}) ? kept : rest).record(event, 1);
    Cell nothing;
    nothing.measures.resize(measures);
    for (const auto &[key, cell] : cells.kept()) {
        const auto due = kept.kept().find(key);
        expect_says(cell, due == kept.kept().end() ? nothing : due->second);
    }
    expect_says(cells.other().value_or(nothing), rest.other().value_or(nothing));
}

TEST(Cells, CountSumAndExtremes)
{
    const Cells cells = cells_of({event("a", 3), event("a", -4, 10), event("a", std::nullopt, 7, true)}, 10);
    ASSERT_EQ(cells.kept().size(), 1U);
    const Cell &cell = cells.kept().begin()->second;
    EXPECT_EQ(cell.count, 3);
    EXPECT_EQ(cell.mismatched, 1);
    EXPECT_EQ(cell.measures[0], (Measure{2, number(-1), Extremes{number(-4), number(3)}, std::nullopt}));
    EXPECT_EQ(cell.measures[1], (Measure{2, number(17), Extremes{number(7), number(10)}, std::nullopt}));
}

TEST(Cells, WhatWentIsTakenBackAndItsExtremesAreDoubtful)
{
    Cells cells = cells_of({event("a", 1), event("a", 5), event("a", 9)}, 10);
    cells.record(event("a", 9), -1);
    const Measure &measure = cells.kept().begin()->second.measures[0];
    EXPECT_EQ(measure.count, 2);
    EXPECT_EQ(measure.sum, number(6));
    EXPECT_FALSE(measure.least_is_doubtful());
    EXPECT_TRUE(measure.greatest_is_doubtful());
}

TEST(Cells, WhatWentFromTheMiddleLeavesNoDoubt)
{
    Cells cells = cells_of({event("a", 1), event("a", 5), event("a", 9)}, 10);
    cells.record(event("a", 5), -1);
    const Measure &measure = cells.kept().begin()->second.measures[0];
    EXPECT_FALSE(measure.least_is_doubtful());
    EXPECT_FALSE(measure.greatest_is_doubtful());
}

TEST(Cells, BeyondTheLimitIsOther)
{
    std::vector<ProjectedEvent> events;
    for (int i = 0; i < 20; ++i) events.push_back(event("key " + std::to_string(i), i));
    const Cells cells = cells_of(events, 5);
    EXPECT_EQ(cells.kept().size(), 5U);
    ASSERT_TRUE(cells.other());
    EXPECT_EQ(cells.other()->count, 15);
    expect_says(cells, events);
}

TEST(Cells, OfAnotherProjectionAreNotAdded)
{
    Cells cells{measures + 1, 10};
    EXPECT_THROW(cells.merge(cells_of({event("a", 1)}, 10).bag()), Corrupt);
}

/** Random events that come and go, shared out to random bags. */
struct History {
    std::vector<ProjectedEvent> events; // what is there in the end
    std::vector<std::string> bags;
};

ProjectedEvent draw(std::mt19937_64 &random)
{
    const auto value = [&random]() -> std::optional<int> {
        if (random() % 4 == 0) return std::nullopt;
        return static_cast<int>(random() % 21) - 10;
    };
    return event("k" + std::to_string(random() % 12), value(), value(), random() % 5 == 0);
}

/** With losses, some bags that took place are not among the bags. */
History draw_history(std::mt19937_64 &random, std::size_t limit, bool losses)
{
    History history;
    Cells bag{measures, limit};
    for (int i = static_cast<int>(random() % 60); i > 0; --i) {
        if (!history.events.empty() && random() % 3 == 0) {
            const auto gone = history.events.begin() + static_cast<std::ptrdiff_t>(random() % history.events.size());
            bag.record(*gone, -1);
            history.events.erase(gone);
        } else {
            history.events.push_back(draw(random));
            bag.record(history.events.back(), 1);
        }
        if (random() % 4 != 0 && i > 1) continue;
        if (!losses || random() % 2 == 0) history.bags.push_back(bag.bag());
        bag = Cells{measures, limit};
    }
    return history;
}

TEST(Cells, RandomBagsInAnyOrderSayWhatTheEventsSay)
{
    std::mt19937_64 random = seeded();
    for (int round = 0; round < 2'000; ++round) {
        const std::size_t limit = random() % 2 == 0 ? 1'000 : random() % 14;
        History history = draw_history(random, limit, false);
        const std::string bytes = sum_of(history.bags, limit).bag();
        expect_says(sum_of({bytes}, limit), history.events);
        for (int shuffles = 0; shuffles < 3; ++shuffles) {
            // Fold some of them into one, as upkeep does, and add up in another order.
            std::shuffle(history.bags.begin(), history.bags.end(), random);
            const auto half = static_cast<std::ptrdiff_t>(history.bags.size() / 2);
            std::vector<std::string> folded(history.bags.begin() + half, history.bags.end());
            folded.push_back(sum_of({history.bags.begin(), history.bags.begin() + half}, limit).bag());
            ASSERT_EQ(sum_of(folded, limit).bag(), bytes);
        }
        if (testing::Test::HasFailure()) FAIL() << "round " << round << ", limit " << limit;
    }
}

TEST(Cells, WhatBagsLackMakesThemSayWhatTheEventsSay)
{
    std::mt19937_64 random = seeded();
    for (int round = 0; round < 3'000; ++round) {
        const std::size_t limit = random() % 2 == 0 ? 1'000 : random() % 14;
        const History history = draw_history(random, limit, true);
        const Cells events = cells_of(history.events, limit);
        Cells bags = sum_of(history.bags, limit);
        bags.merge(events.minus(bags).bag());
        expect_says(bags, history.events);
        EXPECT_TRUE(events.minus(bags).empty());
        if (testing::Test::HasFailure()) FAIL() << "round " << round << ", limit " << limit;
    }
}

/** The bytes of a bag of one measure, whose cells are these bytes. */
std::string bag_of(const std::vector<std::pair<std::string, std::string>> &cells, const std::string &end)
{
    std::string bag("\1\1");
    packed::put(bag, cells.size());
    for (const auto &[key, cell] : cells) {
        packed::put_text(bag, key);
        bag += cell;
    }
    return bag + end;
}

TEST(Cells, DamagedBagsAreRefused)
{
    using namespace std::string_literals;
    const std::string end("\0", 1);
    const std::string cell("\2\0\0\0\0", 5); // one event
    std::vector<std::string> keys{key_of("a"), key_of("b")};
    std::sort(keys.begin(), keys.end(),
              [](const auto &a, const auto &b) { return CellOrder{}(CellKey{a}, CellKey{b}); });
    const auto merge = [](const std::string &bag) { Cells{1, 10}.merge(bag); };
    merge(bag_of({{keys[0], cell}, {keys[1], cell}}, end));
    EXPECT_THROW(merge(bag_of({{keys[1], cell}, {keys[0], cell}}, end)), Corrupt) << "out of order";
    EXPECT_THROW(merge(bag_of({{keys[0], cell}, {keys[0], cell}}, end)), Corrupt) << "twice";
    EXPECT_THROW(merge(bag_of({{"\3\2\xff\xff"s, cell}}, end)), Corrupt) << "no UTF-8";
    EXPECT_THROW(merge(bag_of({{"\3\1\0"s, cell}}, end)), Corrupt) << "a zero byte";
    EXPECT_THROW(merge(bag_of({{key_of(std::string(801, 'x')), cell}}, end)), Corrupt) << "a longer text than there is";
    EXPECT_THROW(merge(bag_of({{std::string(17, '\0'), cell}}, end)), Corrupt) << "more dimensions than there are";
    EXPECT_THROW(merge(bag_of({{"\7"s, cell}}, end)), Corrupt) << "an unknown value";
    EXPECT_THROW(merge(bag_of({{keys[0], "\2\0\4\0\0"s}}, end)), Corrupt) << "unknown extremes";
    EXPECT_THROW(merge(bag_of({{keys[0], "\2\0\1\2\1\0\2\1\0\4\1\0\2"s}}, end)), Corrupt) << "least beyond greatest";
    EXPECT_THROW(merge(bag_of({}, "\2"s + cell)), Corrupt) << "two cells of others";
}

TEST(Cells, HoldNoMoreThanTheLimitWhateverABagClaims)
{
    Cells many{measures, SIZE_MAX};
    for (int i = 0; i < 5'000; ++i) many.record(event("key " + std::to_string(i), i), 1);
    const std::string bag = many.bag();
    Cells few{measures, 10};
    CellsMerge merge{few, bag};
    int steps = 0;
    while (merge.next()) {
        ++steps;
        ASSERT_LE(few.kept().size(), 10U);
    }
    EXPECT_GT(steps, 1) << "it can be looked up in between";
    EXPECT_EQ(few.count(), 5'000);
}

TEST(Cells, DamagedBagsAreAnErrorOrABag)
{
    std::mt19937_64 random = seeded();
    for (int round = 0; round < 5'000; ++round) {
        const History history = draw_history(random, 10, true);
        if (history.bags.empty()) continue;
        std::string bag = history.bags.front();
        for (int i = 0; i < 3; ++i) bag[random() % bag.size()] = static_cast<char>(random());
        if (random() % 2 == 0) bag.resize(random() % (bag.size() + 1));
        Cells cells{measures, 10};
        try {
            cells.merge(bag);
            cells.merge(bag);
            EXPECT_FALSE(cells.bag().empty());
        } catch (const Error &) {
        }
    }
}

} // namespace
} // namespace analytics::core
