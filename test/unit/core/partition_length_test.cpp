/* Lengths of partitions: the range around an instant, and the names of ranges. */
#include "../../../extension/core/partition_length.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace analytics::core {
namespace {

Instant at(const std::string &text)
{
    if (text == "end") return max_instant + 1;
    return *instant_of_text(text + (text.size() > 10 ? "Z" : "T00:00Z"));
}

struct Around {
    const char *name;
    PartitionLength length;
    const char *instant;
    const char *start;
    const char *end;
    const char *range_name;
};

const PartitionLength day = PartitionLength::of(CalendarUnit::day);
const PartitionLength week = PartitionLength::of(CalendarUnit::week);
const PartitionLength month = PartitionLength::of(CalendarUnit::month);
const PartitionLength year = PartitionLength::of(CalendarUnit::year);
const PartitionLength decade = PartitionLength::of(CalendarUnit::decade);

PartitionLength of(std::int32_t months, std::int32_t days, std::int64_t micros)
{
    return *PartitionLength::of_interval(months, days, micros);
}

constexpr std::int64_t hour = 3'600'000'000;

class LengthAround : public testing::TestWithParam<Around> {};
TEST_P(LengthAround, AnInstantIsOneRange)
{
    const Around &row = GetParam();
    const TimeRange range = row.length.around(at(row.instant));
    EXPECT_EQ(iso8601(range.start).view(), iso8601(at(row.start)).view());
    EXPECT_EQ(range.end, at(row.end));
    EXPECT_EQ(name_of(range), row.range_name);
}
INSTANTIATE_TEST_SUITE_P(
    Table, LengthAround,
    testing::ValuesIn(std::vector<Around>{
        {"leap_day", day, "2024-02-29T23:59:59.999999", "2024-02-29", "2024-03-01", "2024_02_29"},
        {"first_day", day, "0001-01-01", "0001-01-01", "0001-01-02", "0001_01_01"},
        {"last_day", day, "9999-12-31T23:59:59.999999", "9999-12-31", "end", "9999_12_31"},
        {"day_before_the_epoch", day, "1969-12-31T23:59:59.999999", "1969-12-31", "1970-01-01", "1969_12_31"},
        {"week_of_the_next_year", week, "2024-12-30", "2024-12-30", "2025-01-06", "2025_w01"},
        {"week_53", week, "2021-01-03T12:00", "2020-12-28", "2021-01-04", "2020_w53"},
        {"week_ends_on_sunday", week, "2026-11-29T23:59:59.999999", "2026-11-23", "2026-11-30", "2026_w48"},
        {"week_begins_on_monday", week, "2026-11-30", "2026-11-30", "2026-12-07", "2026_w49"},
        {"first_week", week, "0001-01-07", "0001-01-01", "0001-01-08", "0001_w01"},
        {"last_week_is_cut", week, "9999-12-31", "9999-12-27", "end", "9999_12_27_to_10000_01_01"},
        {"month_before_the_epoch", month, "1969-12-31T23:00", "1969-12-01", "1970-01-01", "1969_12"},
        {"february_of_a_leap_year", month, "2024-02-29", "2024-02-01", "2024-03-01", "2024_02"},
        {"last_month", month, "9999-12-31", "9999-12-01", "end", "9999_12"},
        {"year", year, "2024-06-15", "2024-01-01", "2025-01-01", "2024"},
        {"first_year", year, "0001-12-31", "0001-01-01", "0002-01-01", "0001"},
        {"last_year", year, "9999-01-01", "9999-01-01", "end", "9999"},
        {"decade", decade, "2049-12-31", "2040-01-01", "2050-01-01", "2040_to_2050"},
        {"first_decade_is_cut", decade, "0005-01-01", "0001-01-01", "0010-01-01", "0001_to_0010"},
        {"quarter", of(3, 0, 0), "2026-11-30", "2026-10-01", "2027-01-01", "2026_10_01_to_2027_01_01"},
        {"twelve_months", of(12, 0, 0), "2026-11-30", "2026-01-01", "2027-01-01", "2026"},
        {"two_weeks_begin_on_a_monday", of(0, 14, 0), "2026-11-30", "2026-11-30", "2026-12-14",
         "2026_11_30_to_2026_12_14"},
        {"six_hours", of(0, 0, 6 * hour), "2026-11-30T13:00", "2026-11-30T12:00", "2026-11-30T18:00",
         "2026_11_30_120000_to_2026_11_30_180000"},
        {"hours_of_a_day", of(0, 0, 24 * hour), "2026-11-30T13:00", "2026-11-30", "2026-12-01", "2026_11_30"},
    }),
    [](const auto &info) { return std::string(info.param.name); });

TEST(RangeName, HasTheTimeThatIsNotMidnight)
{
    EXPECT_EQ(name_of({at("2024-03-10T12:00"), at("2024-04-01")}), "2024_03_10_120000_to_2024_04_01");
    EXPECT_EQ(name_of({at("2024-03-10T12:34:56.789"), at("2024-04-01")}), "2024_03_10_123456789000_to_2024_04_01");
    EXPECT_EQ(name_of({at("2026-11-05T12:00"), at("2026-11-05T12:15")}), "2026_11_05_120000_to_2026_11_05_121500");
    EXPECT_EQ(name_of({at("2026-11-05T12:00"), at("2026-11-06")}), "2026_11_05_120000_to_2026_11_06");
    EXPECT_EQ(name_of({at("2026-11-05T12:00"), at("2026-11-05T12:34:56.789")}),
              "2026_11_05_120000_to_2026_11_05_123456");
}

TEST(RangeName, OfPartsOfAUnitHasBothEnds)
{
    EXPECT_EQ(name_of({at("2024-03-11"), at("2024-04-01")}), "2024_03_11_to_2024_04_01");
    EXPECT_EQ(name_of({at("2024-03-01"), at("2024-03-10T12:00")}), "2024_03_01_to_2024_03_10_120000");
    EXPECT_EQ(name_of({at("2024-04-01"), at("2025-01-01")}), "2024_04_01_to_2025_01_01");
    EXPECT_EQ(name_of({at("2026-11-24"), at("2026-12-01")}), "2026_11_24_to_2026_12_01"); // seven days, no week
}

TEST(RangeName, IsShortEnoughForAnIdentifier)
{
    const std::string longest = name_of({at("2024-03-10T12:34:56.789"), max_instant + 1});
    EXPECT_LT(("analytics_events_" + longest + "_123").size(), 64U);
}

TEST(Length, IsAWholeNumberOfMonthsOrMinutes)
{
    EXPECT_FALSE(PartitionLength::of_interval(0, 0, 0));
    EXPECT_FALSE(PartitionLength::of_interval(0, 0, 1));
    EXPECT_FALSE(PartitionLength::of_interval(1, 1, 0));
    EXPECT_FALSE(PartitionLength::of_interval(-1, 0, 0));
    EXPECT_FALSE(PartitionLength::of_interval(0, -7, 0));
    EXPECT_TRUE(PartitionLength::of_interval(0, 0, 60'000'000));
}

} // namespace
} // namespace analytics::core
