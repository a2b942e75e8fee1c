/* The metrics of analytics-http after some events. */
#include "../../../http/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace analytics::http {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(HttpMetrics, AClientCanNotNameASeries)
{
    HttpMetrics metrics;
    metrics(event::RequestServed{.method = "BREW", .route = "-", .status = 404, .milliseconds = 2.0, .bytes = 10});
    EXPECT_THAT(metrics.exposition(), HasSubstr("{method=\"other\",route=\"-\",status=\"404\"} 1\n"));
    EXPECT_THAT(metrics.exposition(), Not(HasSubstr("BREW")));
}

TEST(HttpMetrics, AskPoolsAtTheScrape)
{
    HttpMetrics metrics;
    PoolUse use{.lent = 1, .idle = 2, .size = 8};
    metrics.watch_pool("service", [&] { return use; });
    use.lent = 5;
    EXPECT_THAT(metrics.exposition(),
                HasSubstr("analytics_http_pool_connections{pool=\"service\",state=\"in_use\"} 5\n"));
}

TEST(HttpMetrics, CountWhatReadersOfFeedsGot)
{
    HttpMetrics metrics;
    metrics.watch_feeds([] { return FeedHubUse{.readers = 3, .max_readers = 256}; });
    metrics(event::FeedPageRead{.feed = "all", .items = 5, .readers = 2});
    metrics(event::FeedPageRead{.feed = "all", .items = 0, .readers = 3});
    EXPECT_THAT(metrics.exposition(), HasSubstr("analytics_http_feed_pages_total 2\n"));
    EXPECT_THAT(metrics.exposition(), HasSubstr("analytics_http_feed_items_total 10\n"));
    EXPECT_THAT(metrics.exposition(), HasSubstr("analytics_http_feed_readers 3\n"));
    EXPECT_THAT(metrics.exposition(), HasSubstr("analytics_http_feed_max_readers 256\n"));
}

} // namespace
} // namespace analytics::http
