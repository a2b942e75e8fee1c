/* How far an event's own time may lie from the ingestion time, and how a refusal says how far it does. */
#include "../../../extension/core/normalize.hpp"

#include <gtest/gtest.h>

namespace analytics::core {
namespace {

constexpr std::int64_t second = 1'000'000;
constexpr std::int64_t day = 86'400 * second;
const Instant noon = *instant_of_text("2026-11-30T12:00:00Z");

struct Distance {
    const char *name;
    std::int64_t ahead;
    TimeLimits limits;
    const char *fault; // null: the time can be believed
};

class TimeDistance : public testing::TestWithParam<Distance> {};
TEST_P(TimeDistance, IsJudgedByTheLimits)
{
    const std::optional<std::string> fault = implausibility(noon + GetParam().ahead, noon, GetParam().limits);
    EXPECT_EQ(fault.value_or("believed"), GetParam().fault == nullptr ? "believed" : GetParam().fault);
}
INSTANTIATE_TEST_SUITE_P(
    Table, TimeDistance,
    testing::ValuesIn(std::vector<Distance>{
        {"none_without_limits", 0, {}, nullptr},
        {"none_with_limits_of_zero", 0, {0, 0}, nullptr},
        {"far_ahead_without_a_limit", 400'000 * day, {-1, 0}, nullptr},
        {"far_behind_without_a_limit", -400'000 * day, {0, -1}, nullptr},
        {"at_the_limit_ahead", day, {day, 0}, nullptr},
        {"a_microsecond_more_ahead",
         day + 1,
         {day, 0},
         "must be at most 1 day ahead of the ingestion time, and is 1 day 00:00:00.000001 ahead of it"},
        {"at_the_limit_behind", -90 * second, {0, 90 * second}, nullptr},
        {"a_microsecond_more_behind",
         -90 * second - 1,
         {0, 90 * second},
         "must be at most 00:01:30 behind the ingestion time, and is 00:01:30.000001 behind it"},
        {"hours_minutes_and_seconds",
         2 * day + 10 * 3'600 * second + 9 * 60 * second + 8 * second,
         {1 * second, -1},
         "must be at most 00:00:01 ahead of the ingestion time, and is 2 days 10:09:08 ahead of it"},
        {"whole_days",
         30 * day,
         {7 * day, -1},
         "must be at most 7 days ahead of the ingestion time, and is 30 days ahead of it"},
        {"a_limit_of_zero",
         1,
         {0, -1},
         "must be at most 00:00:00 ahead of the ingestion time, and is 00:00:00.000001 ahead of it"},
        {"the_longest_distance", max_instant - noon, {}, nullptr},
    }),
    [](const auto &info) { return std::string(info.param.name); });

TEST(TimeDistances, AreExactToTheEndsOfTime)
{
    EXPECT_TRUE(implausibility(max_instant, min_instant, {.max_future = max_instant - min_instant - 1}));
    EXPECT_FALSE(implausibility(max_instant, min_instant, {.max_future = max_instant - min_instant}));
    EXPECT_TRUE(implausibility(min_instant, max_instant, {.max_past = max_instant - min_instant - 1}));
    EXPECT_FALSE(implausibility(min_instant, max_instant, {.max_past = max_instant - min_instant}));
}

TEST(TimeOfAnEvent, IsNotJudgedWithoutAnIngestionTime)
{
    const Shapes shapes{{.name = "n",
                         .event_type = "t",
                         .source = "s",
                         .required = {"at"},
                         .time_member = "at",
                         .max_future = 0,
                         .max_past = 0}};
    Normalizer normalizer(shapes, {}, {.max_future = 0, .max_past = 0});
    for (const char *event : {R"({"eventType":"t","source":"s","payload":{},"occurredAt":"9999-01-01T00:00:00Z"})",
                              R"({"at":"0001-01-01T00:00:00Z"})"}) {
        EXPECT_EQ(normalizer.normalize(event, noon).refusal.reason, Reason::implausible_time);
        EXPECT_FALSE(normalizer.normalize(event).refusal);
    }
}

TEST(TimeOfAnEvent, IsTheIngestionTimeWithoutOneOfItsOwn)
{
    const Shapes shapes{{.name = "n", .event_type = "t", .source = "s", .required = {"a"}}};
    Normalizer normalizer(shapes, {}, {.max_future = 0, .max_past = 0});
    EXPECT_FALSE(normalizer.normalize(R"({"a":1})", noon).refusal);
    EXPECT_FALSE(normalizer.normalize(R"({"eventType":"t","source":"s","payload":{}})", noon).refusal);
}

TEST(TimeOfAnEvent, IsJudgedByItsShapesLimitsFirst)
{
    const auto shape = [](const char *name, std::optional<std::int64_t> max_future) {
        return Shape{.name = name,
                     .event_type = "t",
                     .source = "s",
                     .required = {name},
                     .time_member = name,
                     .max_future = max_future};
    };
    const Shapes shapes{shape("loose", 7 * day), shape("strict", 0), shape("off", -1), shape("usual", {})};
    Normalizer normalizer(shapes, {}, {.max_future = day});
    const auto accepts = [&](const std::string &member, std::int64_t ahead) {
        const std::string time(iso8601(noon + ahead).view());
        return !normalizer.normalize("{\"" + member + "\":\"" + time + "\"}", noon).refusal;
    };
    EXPECT_TRUE(accepts("loose", 7 * day));
    EXPECT_FALSE(accepts("loose", 7 * day + 1));
    EXPECT_TRUE(accepts("strict", 0));
    EXPECT_FALSE(accepts("strict", 1));
    EXPECT_TRUE(accepts("off", 2'000'000 * day));
    EXPECT_TRUE(accepts("usual", day));
    EXPECT_FALSE(accepts("usual", day + 1));
}

} // namespace
} // namespace analytics::core
