/* The ingestor's metrics after some events. */
#include "../../../ingestor/metrics.hpp"
#include "../../../ingestor/refusals.hpp"

#include <chrono>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace analytics::ingestor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;

TEST(Refusals, AreCountsByReason)
{
    EXPECT_THAT(counts_by_reason(R"([{"count": 2, "detail": "at byte 1", "reason": "invalid_json", "lastOffset": 9},)"
                                 R"( {"reason": "too_deep", "count": 7}])"),
                ElementsAre(Pair("invalid_json", 2), Pair("too_deep", 7)));
}

TEST(Refusals, ThatDoNotFollowAreNone)
{
    for (const char *text : {"", "null", "[", "[{}]", R"([{"reason": "x"}])", R"([{"count": 1}])",
                             R"([{"reason": "x", "count": "1"}])", R"([{"reason": "x", "count": 1e-2147483639}])"})
        EXPECT_THAT(counts_by_reason(text), IsEmpty()) << text;
}

class IngestorMetricsTest : public testing::Test {
protected:
    runtime::DaemonState state;
    IngestorMetrics metrics{state};
    runtime::Observers observe{&state, &metrics};
};

TEST_F(IngestorMetricsTest, CountABatchByWhatBecameOfIt)
{
    observe(event::BatchCommitted{.records = 9,
                                  .bytes = 900,
                                  .stored = 4,
                                  .duplicates = 3,
                                  .dead_lettered = 2,
                                  .skipped = 0,
                                  .counts_known = true,
                                  .milliseconds = 250.0});
    const std::string text = metrics.exposition();
    EXPECT_THAT(text, HasSubstr("analytics_ingestor_records_total{outcome=\"stored\"} 4\n"));
    EXPECT_THAT(text, HasSubstr("analytics_ingestor_records_total{outcome=\"duplicate\"} 3\n"));
    EXPECT_THAT(text, HasSubstr("analytics_ingestor_records_total{outcome=\"dead_lettered\"} 2\n"));
    EXPECT_THAT(text, HasSubstr("analytics_ingestor_records_total{outcome=\"skipped\"} 0\n"));
    EXPECT_THAT(text, HasSubstr("analytics_ingestor_batch_records_sum 9\n"));
    EXPECT_THAT(text, HasSubstr("analytics_ingestor_batch_bytes_sum 900\n"));
    EXPECT_THAT(text, HasSubstr("analytics_ingestor_batch_duration_seconds_sum 0.25\n"));
}

TEST_F(IngestorMetricsTest, ALostAnswerHasNoCounts)
{
    observe(event::BatchCommitted{.records = 9, .stored = 0, .counts_known = false, .milliseconds = 1.0});
    EXPECT_THAT(metrics.exposition(), HasSubstr("analytics_ingestor_lost_answers_total 1\n"));
    EXPECT_THAT(metrics.exposition(), HasSubstr("analytics_ingestor_batch_records_count 0\n"));
}

TEST_F(IngestorMetricsTest, WhatWaitsGrowsOlderWithoutAWord)
{
    const double hour_ago =
        std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count() - 3'600;
    observe(event::PartitionProgress{.topic = "t", .partition = 1, .lag = 5, .waiting_since = hour_ago});
    observe(event::PartitionProgress{.topic = "t", .partition = 2, .lag = 0});
    const std::string text = metrics.exposition();
    EXPECT_THAT(text, HasSubstr("analytics_ingestor_lag_records{topic=\"t\",partition=\"1\"} 5\n"));
    EXPECT_THAT(text, HasSubstr("analytics_ingestor_lag_seconds{topic=\"t\",partition=\"1\"} 360"));
    EXPECT_THAT(text, HasSubstr("analytics_ingestor_lag_seconds{topic=\"t\",partition=\"2\"} 0\n"));
}

TEST_F(IngestorMetricsTest, ForgetPartitionsThatWentToOthers)
{
    observe(event::PartitionProgress{.topic = "t", .partition = 1, .lag = 5});
    observe(event::PartitionsRevoked{});
    EXPECT_THAT(metrics.exposition(), Not(HasSubstr("lag_records")));
}

TEST_F(IngestorMetricsTest, AStoppedPartitionIsNotRead)
{
    observe(event::PartitionsReady{.partitions = 3, .stopped = 1});
    observe(event::PartitionStopped{});
    EXPECT_THAT(metrics.exposition(), HasSubstr("analytics_ingestor_partitions{state=\"reading\"} 2\n"));
    EXPECT_THAT(metrics.exposition(), HasSubstr("analytics_ingestor_partitions{state=\"stopped\"} 2\n"));
}

TEST_F(IngestorMetricsTest, HaveTheFeedsThatArePublished)
{
    EXPECT_THAT(metrics.exposition(), HasSubstr("analytics_ingestor_feeds_seconds_behind 0\n"));
    for (const char *feed : {"a", "b", "c", "d"})
        observe(event::FeedProgress{.feed = feed, .ticks_behind = 2, .seconds_behind = 3'600, .oldest_seconds = 7'200});
    observe(event::FeedProgress{.feed = "b", .ticks_behind = 0, .seconds_behind = 0, .oldest_seconds = 7'200});
    observe(event::FeedProgress{.feed = "c", .is_stopped = true});
    observe(event::FeedPaused{.feed = "b", .message = "why"});
    observe(event::FeedPublished{.feed = "a", .messages = 5});
    observe(event::FeedReleased{.feed = "d"});
    const std::string text = metrics.exposition();
    for (const char *line :
         {"feed_messages_total{feed=\"a\"} 5\n", "feed_ticks_behind{feed=\"a\"} 2\n",
          "feed_seconds_behind{feed=\"a\"} 360", "feed_seconds_behind{feed=\"b\"} 0\n",
          "feed_oldest_seconds{feed=\"b\"} 720", "feeds_seconds_behind 360", "feeds{state=\"publishing\"} 1\n",
          "feeds{state=\"paused\"} 1\n", "feeds{state=\"stopped\"} 1\n", "feeds_up 1\n"})
        EXPECT_THAT(text, HasSubstr(std::string("analytics_ingestor_") + line));
    for (const char *unknown : {"feed_ticks_behind{feed=\"c\"}", "{feed=\"d\"}"})
        EXPECT_THAT(text, Not(HasSubstr(unknown)));
}

} // namespace
} // namespace analytics::ingestor
