/* Which partitions times get: the table of usual ranges, and what holds for any times and any table. */
#include "../../../extension/core/partition_plan.hpp"

#include "seed.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

namespace analytics::core {
namespace {

Instant at(const std::string &text)
{
    return *instant_of_text(text + (text.size() > 10 ? "Z" : "T00:00Z"));
}

constexpr std::int64_t day = 86'400'000'000;
const Instant now = at("2026-11-30T12:00");

struct Usual {
    const char *name;
    CalendarUnit unit;
    const char *instant;
    const char *range;
};

class UsualRange : public testing::TestWithParam<Usual> {};
TEST_P(UsualRange, IsCoarserFurtherFromNow)
{
    EXPECT_EQ(name_of(usual_range(at(GetParam().instant), now, GetParam().unit)), GetParam().range);
}
INSTANTIATE_TEST_SUITE_P(Table, UsualRange,
                         testing::ValuesIn(std::vector<Usual>{
                             {"now", CalendarUnit::month, "2026-11-30", "2026_11"},
                             {"three_years_back", CalendarUnit::month, "2023-11-30", "2023_11"},
                             {"first_of_the_months", CalendarUnit::month, "2023-01-01", "2023_01"},
                             {"last_of_the_months", CalendarUnit::month, "2027-12-31", "2027_12"},
                             {"last_year_before_the_months", CalendarUnit::month, "2022-12-31", "2022"},
                             {"first_year_after_the_months", CalendarUnit::month, "2028-01-01", "2028"},
                             {"first_of_the_years", CalendarUnit::month, "2000-01-01", "2000"},
                             {"before_the_years", CalendarUnit::month, "1999-12-31", "0001_to_2000"},
                             {"first_of_all", CalendarUnit::month, "0001-01-01", "0001_to_2000"},
                             {"last_of_the_years", CalendarUnit::month, "2036-12-31", "2036"},
                             {"decade_cut_by_the_years", CalendarUnit::month, "2037-01-01", "2037_to_2040"},
                             {"decade", CalendarUnit::month, "2040-01-01", "2040_to_2050"},
                             {"last_decade", CalendarUnit::month, "2099-12-31", "2090_to_2100"},
                             {"after_the_decades", CalendarUnit::month, "2100-01-01", "2100_to_10000"},
                             {"last_of_all", CalendarUnit::month, "9999-12-31", "2100_to_10000"},
                             {"day", CalendarUnit::day, "2026-11-30", "2026_11_30"},
                             {"first_of_the_days", CalendarUnit::day, "2026-11-02", "2026_11_02"},
                             {"month_before_the_days", CalendarUnit::day, "2026-10-31", "2026_10"},
                             {"last_of_the_days", CalendarUnit::day, "2026-12-03", "2026_12_03"},
                             {"month_cut_behind_the_days", CalendarUnit::day, "2026-12-09", "2026_12_04_to_2027_01_01"},
                             {"month_around_the_days", CalendarUnit::day, "2024-05-05", "2024_05"},
                             {"year_around_the_days", CalendarUnit::day, "2022-05-05", "2022"},
                             {"week", CalendarUnit::week, "2026-11-30", "2026_w49"},
                             {"four_months_back", CalendarUnit::week, "2026-07-27", "2026_w31"},
                             {"week_ahead", CalendarUnit::week, "2026-12-28", "2026_w53"},
                             {"month_around_the_weeks", CalendarUnit::week, "2025-05-05", "2025_05"},
                             {"year", CalendarUnit::year, "2026-11-30", "2026"},
                             {"year_far_back", CalendarUnit::year, "2001-11-30", "2001"},
                             {"all_before_the_years", CalendarUnit::year, "1970-01-01", "0001_to_2000"},
                         }),
                         [](const auto &info) { return std::string(info.param.name); });

/** A table that makes what is planned, and checks it. */
class Table {
public:
    std::vector<TimeRange> store(std::vector<Instant> needed, Instant when, CalendarUnit unit)
    {
        std::sort(needed.begin(), needed.end());
        const std::vector<TimeRange> made = plan_partitions(needed, ranges_, when, unit);
        for (const TimeRange &range : made) put(range);
        for (const Instant instant : needed) EXPECT_TRUE(holds(instant)) << iso8601(instant).view();
        for (const TimeRange &range : made)
            EXPECT_TRUE(std::any_of(needed.begin(), needed.end(), [&](Instant one) { return range.holds(one); }))
                << "nobody needs " << name_of(range);
        return made;
    }

    void put(const TimeRange &range)
    {
        const auto place = std::upper_bound(ranges_.begin(), ranges_.end(), range,
                                            [](const TimeRange &a, const TimeRange &b) { return a.start < b.start; });
        EXPECT_LT(range.start, range.end);
        if (place != ranges_.end()) {
            EXPECT_LE(range.end, place->start);
        }
        if (place != ranges_.begin()) {
            EXPECT_LE(std::prev(place)->end, range.start);
        }
        ranges_.insert(place, range);
    }

    std::size_t size() const { return ranges_.size(); }
    const std::vector<TimeRange> &ranges() const { return ranges_; }

private:
    bool holds(Instant instant) const
    {
        return std::any_of(ranges_.begin(), ranges_.end(), [&](const TimeRange &one) { return one.holds(instant); });
    }

    std::vector<TimeRange> ranges_;
};

Instant random_instant(std::mt19937_64 &random)
{
    return std::uniform_int_distribution<Instant>{min_instant, max_instant}(random);
}

Instant random_near(std::mt19937_64 &random, Instant around, std::int64_t days)
{
    return around + std::uniform_int_distribution<std::int64_t>{-days * day, days * day}(random);
}

constexpr CalendarUnit units[] = {CalendarUnit::day, CalendarUnit::week, CalendarUnit::month, CalendarUnit::year};

TEST(PartitionPlan, OfABackfillOfThreeYearsIsMonths)
{
    Table table;
    std::vector<Instant> needed;
    for (int back = 0; back <= 3 * 365; ++back) needed.push_back(now - back * day);
    const std::vector<TimeRange> made = table.store(needed, now, CalendarUnit::month);
    EXPECT_EQ(made.size(), 36U);
    for (const TimeRange &range : made) EXPECT_EQ(name_of(range).size(), 7U) << name_of(range);
}

TEST(PartitionPlan, IsAtMost150AfterRandomYears)
{
    std::mt19937_64 random = seeded();
    for (const CalendarUnit unit : units) {
        for (const std::size_t batch : {1U, 30U, 1'000U, 100'000U}) {
            Table table;
            for (std::size_t done = 0; done < 100'000; done += batch) {
                std::vector<Instant> needed(batch);
                std::generate(needed.begin(), needed.end(), [&] { return random_instant(random); });
                EXPECT_LE(table.store(needed, now, unit).size(), max_new_partitions);
            }
            EXPECT_LE(table.size(), 150U);
        }
    }
}

/** Batches around every time, in any order, so the gaps between partitions are of every kind. */
TEST(PartitionPlan, OfABatchIsAtMostFifty)
{
    std::mt19937_64 random = seeded();
    for (int round = 0; round < 200; ++round) {
        Table table;
        const CalendarUnit unit = units[random() % 4];
        for (int batch = 0; batch < 10; ++batch) {
            std::vector<Instant> needed(1 + random() % 400);
            const std::int64_t spread = std::int64_t{1} << random() % 15;
            const Instant middle = random() % 2 == 0 ? now : random_near(random, now, 30 * 365);
            std::generate(needed.begin(), needed.end(), [&] { return random_near(random, middle, spread); });
            EXPECT_LE(table.store(needed, now, unit).size(), max_new_partitions);
        }
    }
}

TEST(PartitionPlan, OfABatchOfAllTimesIsAtMostFifty)
{
    std::vector<Instant> needed;
    for (int n = -40'000; n <= 40'000; ++n) needed.push_back(now + n * (n > -1'500 && n < 1'500 ? 1 : 10) * day);
    for (const CalendarUnit unit : units) {
        for (int years = 0; years <= 30; years += 5) {
            Table table;
            EXPECT_LE(table.store(needed, now + years * 365 * day, unit).size(), max_new_partitions);
        }
    }
}

/** Nothing coarser is possible then, and there is no partition that nobody needs. */
TEST(PartitionPlan, FillsGapsOneByOne)
{
    Table table;
    std::vector<Instant> needed;
    for (int n = 0; n < 200; n += 2) {
        table.put({now - (n + 1) * day, now - n * day});
        needed.push_back(now - n * day - 3 * day / 2);
    }
    EXPECT_EQ(table.store(needed, now, CalendarUnit::month).size(), 100U);
}

/** What a table has at most after decades without retention, with times from everywhere. */
std::size_t most_in_fifty_years(CalendarUnit unit)
{
    return unit == CalendarUnit::day ? 520 : unit == CalendarUnit::week ? 370 : 180;
}

TEST(PartitionPlan, StaysBoundedForFiftyYears)
{
    std::mt19937_64 random = seeded();
    for (const CalendarUnit unit : units) {
        Table table;
        for (int today = 0; today < 50 * 365; ++today) {
            const Instant when = now + today * day;
            table.store({when - day / 2, when + day / 2}, when, unit);
            if (random() % 50 == 0) table.store({random_instant(random)}, when, unit);
            if (random() % 50 == 0) table.store({random_near(random, when, 4'000)}, when, unit);
        }
        EXPECT_LE(table.size(), most_in_fifty_years(unit));
    }
}

/** Makes the partitions of each day that passes, and drops those of more than keep days ago. */
void pass_days(Table &table, int days, int keep, CalendarUnit unit, std::int64_t longest)
{
    std::mt19937_64 random = seeded();
    for (int today = 0; today < days; ++today) {
        const Instant when = now + today * day;
        Table kept;
        for (const TimeRange &range : table.ranges())
            if (range.end > when - keep * day) kept.put(range);
        table = kept;
        for (const TimeRange &range : table.store({when}, when, unit)) EXPECT_LE(range.end - range.start, longest);
        table.store({when - static_cast<std::int64_t>(random() % 28) * day}, when, unit); // a late event
        if (today % 7 == 0) table.store({random_instant(random)}, when, unit);
    }
}

TEST(PartitionPlan, OfTimeThatPassesIsMonthsForNineYears)
{
    Table table;
    pass_days(table, 9 * 365, 10 * 365, CalendarUnit::month, 31 * day);
}

TEST(PartitionPlan, OfDaysWithRetentionIsDaysForEver)
{
    Table table;
    pass_days(table, 3 * 365, 300, CalendarUnit::day, day);
}

/** 0.1.0 made days as far back as events were. */
TEST(PartitionPlan, OfATableOfDaysIsDaysAfterAnUpdate)
{
    Table table;
    const Instant today = at("2026-11-30");
    for (int back = 300; back > 0; --back) table.put({today - back * day, today - (back - 1) * day});
    pass_days(table, 365, 300, CalendarUnit::day, day);
}

/** A broken clock sends times from everywhere, before and while time passes. */
TEST(PartitionPlan, OfNowIsWhatItWasBeforeOddTimesCame)
{
    std::mt19937_64 random = seeded();
    for (const CalendarUnit unit : {CalendarUnit::day, CalendarUnit::week, CalendarUnit::month}) {
        Table table;
        for (int batch = 0; batch < 2'000; ++batch)
            table.store({random_instant(random), random_near(random, now, 1'000), random_near(random, now, 30)}, now,
                        unit);
        pass_days(table, 3 * 365, 365, unit, 31 * day);
    }
}

TEST(PartitionPlan, FillsWhatNeighboursLeave)
{
    Table table;
    table.put({at("2024-03-10T12:00"), at("2024-03-20")});
    table.put({at("2019-05-01"), at("2020-02-01")});
    const std::vector<TimeRange> made =
        table.store({at("2024-03-10"), at("2024-03-15"), at("2024-03-31"), at("2019-01-01"), at("2020-12-31")}, now,
                    CalendarUnit::month);
    const std::vector<TimeRange> due{{at("2019-01-01"), at("2019-05-01")},
                                     {at("2020-02-01"), at("2021-01-01")},
                                     {at("2024-03-01"), at("2024-03-10T12:00")},
                                     {at("2024-03-20"), at("2024-04-01")}};
    EXPECT_EQ(made, due);
}

TEST(PartitionPlan, KeepsToPartitionsWithoutEnds)
{
    Table table;
    table.put({min_instant, at("2020-06-01")});
    table.put({at("2027-06-15"), max_instant + 1});
    const std::vector<TimeRange> made =
        table.store({at("1066-10-14"), at("2020-06-01"), at("2027-06-01"), at("3000-01-01")}, now, CalendarUnit::month);
    const std::vector<TimeRange> due{{at("2020-06-01"), at("2021-01-01")}, {at("2027-06-01"), at("2027-06-15")}};
    EXPECT_EQ(made, due);
}

TEST(PartitionPlan, IsCoarserWhenTheTableHasMany)
{
    Table table;
    for (int back = 200; back > 0; --back) table.put({now - back * day, now - (back - 1) * day});
    EXPECT_EQ(name_of(table.store({now + 40 * day}, now, CalendarUnit::month).front()), "2027");
    EXPECT_EQ(name_of(table.store({at("1000-01-01")}, now, CalendarUnit::month).front()), "0001_to_2000");
}

TEST(PartitionPlan, OfALengthIsThatLengthInTheGap)
{
    const std::vector<TimeRange> existing{{at("2024-01-01"), at("2024-02-10")}};
    const PartitionLength month = PartitionLength::of(CalendarUnit::month);
    EXPECT_FALSE(plan_partition(at("2024-02-09"), existing, month));
    const TimeRange due{at("2024-02-10"), at("2024-03-01")};
    EXPECT_EQ(plan_partition(at("2024-02-20"), existing, month), due);
    EXPECT_EQ(name_of(*plan_partition(at("1066-10-14"), existing, month)), "1066_10");
}

} // namespace
} // namespace analytics::core
