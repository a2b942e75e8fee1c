#include "metrics.hpp"

#include <algorithm>
#include <array>

namespace analytics::http {
namespace {

/* From what a cached page of counts takes to the time-out of a request. */
const prometheus::Histogram::BucketBoundaries second_buckets{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                             0.25,  0.5,    1,     2.5,  5,     10};

/* The client chooses the method, so unknown ones share a label. */
std::string known_method(std::string_view method)
{
    static constexpr std::array<std::string_view, 8> known{"GET", "HEAD",  "POST",   "OPTIONS",
                                                           "PUT", "PATCH", "DELETE", "-"};
    return std::string(std::ranges::find(known, method) == known.end() ? "other" : method);
}

} // namespace

HttpMetrics::HttpMetrics()
    : Metrics("analytics_http", second_buckets),
      requests_(counters("analytics_http_requests_total",
                         "Requests answered, by method, route and status; an unknown route is \"-\".")),
      request_seconds_(histograms("analytics_http_request_duration_seconds",
                                  "Time from a request's first byte until its answer is ready, by route.")),
      response_bytes_(counter("analytics_http_response_bytes_total", "Bytes of answers' bodies.")),
      outages_(counters("analytics_http_database_outages_total",
                        "Number of times that the database became unavailable, by pool and class of SQLSTATE.")),
      shared_(counter("analytics_http_shared_answers_total",
                      "Requests answered by the statement of another request that asked the same.")),
      feed_pages_(counter("analytics_http_feed_pages_total",
                          "Pages of feeds that were read for waiting readers; readers of the same page share it.")),
      feed_items_(counter("analytics_http_feed_items_total", "Changes sent to waiting readers of feeds.")),
      overloads_(counter("analytics_http_overloads_total",
                         "Number of times that the service was overloaded and refused requests or connections."))
{
}

void HttpMetrics::watch_pool(std::string name, std::function<PoolUse()> use)
{
    const std::lock_guard lock(mutex_);
    database_up_.emplace(name, true);
    pools_.insert_or_assign(std::move(name), std::move(use));
}

void HttpMetrics::watch_feeds(std::function<FeedHubUse()> use)
{
    const std::lock_guard lock(mutex_);
    feeds_ = std::move(use);
}

void HttpMetrics::observe(const runtime::Event &event)
{
    Metrics::observe(event);
    event.visit([this](const auto &one) { on(one); });
}

void HttpMetrics::on(const event::RequestServed &request)
{
    const std::string route(request.route);
    requests_
        .Add({{"method", known_method(request.method)}, {"route", route}, {"status", std::to_string(request.status)}})
        .Increment();
    request_seconds_.Add({{"route", route}}, second_buckets).Observe(request.milliseconds / millis_per_second);
    response_bytes_.Increment(static_cast<double>(request.bytes));
}

void HttpMetrics::on(const event::FeedPageRead &page)
{
    feed_pages_.Increment();
    feed_items_.Increment(static_cast<double>(page.items * page.readers));
}

void HttpMetrics::on(const event::AnswerShared &shared)
{
    shared_.Increment(static_cast<double>(shared.requests - 1));
}

void HttpMetrics::on(const event::DatabaseUnavailable &unavailable)
{
    const std::string pool(unavailable.pool.value_or(""));
    outages_.Add({{"pool", pool}, {"sqlstate_class", std::string(unavailable.sqlstate.substr(0, 2))}}).Increment();
    const std::lock_guard lock(mutex_);
    database_up_[pool] = false;
}

void HttpMetrics::on(const event::DatabaseRecovered &recovered)
{
    const std::lock_guard lock(mutex_);
    database_up_[std::string(recovered.pool.value_or(""))] = true;
}

void HttpMetrics::measure(runtime::MetricFamilies &families) const
{
    using runtime::add, runtime::gauge_family;
    const std::lock_guard lock(mutex_);
    add(gauge_family(families, "analytics_http_build_info", "The version, as a label; always 1."),
        {{"version", ANALYTICS_VERSION}}, 1);
    gauge_family(families, "analytics_http_database_up", "1 when the pool's last session could be opened, else 0.");
    for (const auto &[pool, is_up] : database_up_) add(families.back(), {{"pool", pool}}, is_up ? 1 : 0);
    gauge_family(families, "analytics_http_pool_connections", "Connections to the database, in use or idle.");
    runtime::MetricFamilies bounds;
    gauge_family(bounds, "analytics_http_pool_max_connections", "Connections that the pool may have.");
    for (const auto &[pool, use] : pools_) {
        const PoolUse now = use();
        add(families.back(), {{"pool", pool}, {"state", "in_use"}}, static_cast<double>(now.lent));
        add(families.back(), {{"pool", pool}, {"state", "idle"}}, static_cast<double>(now.idle));
        add(bounds.back(), {{"pool", pool}}, static_cast<double>(now.size));
    }
    families.push_back(std::move(bounds.back()));
    if (!feeds_) return;
    const FeedHubUse feeds = feeds_();
    runtime::gauge(families, "analytics_http_feed_readers",
                   "Readers of feeds that wait, by long polling or Server-Sent Events.",
                   static_cast<double>(feeds.readers));
    runtime::gauge(families, "analytics_http_feed_max_readers", "Readers of feeds that may wait.",
                   static_cast<double>(feeds.max_readers));
}

} // namespace analytics::http
