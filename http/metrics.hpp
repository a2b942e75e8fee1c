/* analytics-http's metrics (analytics_http_*), made of the events of its connections and pools. */
#pragma once

#include "api/feed_hub.hpp"
#include "api/pool.hpp"

#include "../runtime/metrics.hpp"

#include <functional>
#include <map>
#include <mutex>
#include <string>

namespace analytics::http {

class HttpMetrics final : public runtime::Metrics {
public:
    HttpMetrics();

    /** Asked at every scrape from now on, so whatever it reads must live as long as somebody may scrape. */
    void watch_pool(std::string name, std::function<PoolUse()> use);
    /** Likewise. */
    void watch_feeds(std::function<FeedHubUse()> use);

    void observe(const runtime::Event &event) override;

private:
    void on(const event::RequestServed &request);
    void on(const event::DatabaseUnavailable &unavailable);
    void on(const event::DatabaseRecovered &recovered);
    void on(const event::FeedPageRead &page);
    void on(const event::AnswerShared &shared);
    void on(const event::Overloaded &) { overloads_.Increment(); }
    template <class Other> void on(const Other &) {}

    void measure(runtime::MetricFamilies &families) const override;

    Counters &requests_;
    Histograms &request_seconds_;
    prometheus::Counter &response_bytes_;
    Counters &outages_;
    prometheus::Counter &shared_;
    prometheus::Counter &feed_pages_;
    prometheus::Counter &feed_items_;
    prometheus::Counter &overloads_;

    mutable std::mutex mutex_; // of what follows
    std::map<std::string, std::function<PoolUse()>> pools_;
    std::map<std::string, bool> database_up_; // by pool
    std::function<FeedHubUse()> feeds_;
};

} // namespace analytics::http
