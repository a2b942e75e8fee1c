/* analytics-ingestor's metrics (analytics_ingestor_*), made of the loop's events.
 *
 * A partition's lag is given in records (from what is committed to Kafka's end as of the last fetch) and in seconds
 * (the age of the oldest known record that is not committed). While the database is sick, Kafka is paused and its
 * end is not fetched: the records stand still and the seconds grow, so an alert should watch the seconds. */
#pragma once

#include "../runtime/daemon_state.hpp"
#include "../runtime/metrics.hpp"

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace analytics::ingestor {

class IngestorMetrics final : public runtime::Metrics {
public:
    /** The state must observe events as well. */
    explicit IngestorMetrics(const runtime::DaemonState &state);

    void observe(const runtime::Event &event) override;
    void alive() override;

private:
    struct Lag {
        std::optional<std::int64_t> records; // nothing: Kafka's end is unknown
        std::optional<double> waiting_since; // seconds since the Unix epoch; nothing: no record waits
    };
    struct FeedLag {
        std::optional<std::int64_t> ticks;
        std::optional<double> seconds;
        std::optional<double> oldest_seconds;
        bool is_stopped = false;
        double at = 0; // when it was measured, in seconds since the Unix epoch
    };
    using TopicPartition = std::pair<std::string, int>;

    void on(const event::DatabaseConnected &connected)
    {
        if (connected.pool.empty()) connections_.Increment(); // feeds have more, as many as there are
    }
    void on(const event::DatabaseUnavailable &unavailable) { count_outage(unavailable.sqlstate); }
    void on(const event::DatabaseRefused &refused) { count_outage(refused.sqlstate); }
    void on(const event::PartitionsRevoked &);
    void on(const event::PartitionFenced &fenced);
    void on(const event::PartitionProgress &progress);
    void on(const event::ConsumptionPaused &) { is_paused_ = true; }
    void on(const event::ConsumptionResumed &) { is_paused_ = false; }
    void on(const event::BatchCommitted &batch);
    void on(const event::RecordsRefused &refused);
    void on(const event::DeadLettersPublished &published);
    void on(const event::DeadLetterUnpublishable &) { dead_letters_unpublishable_.Increment(); }
    void on(const event::FeedPublished &published);
    void on(const event::FeedProgress &progress);
    void on(const event::FeedPaused &paused) { paused_feeds_.emplace(paused.feed); }
    void on(const event::FeedResumed &resumed) { paused_feeds_.erase(std::string(resumed.feed)); }
    void on(const event::FeedClaimed &claimed) { paused_feeds_.erase(std::string(claimed.feed)); }
    void on(const event::FeedFenced &) { feeds_fenced_.Increment(); }
    void on(const event::FeedReleased &released);
    void on(const event::FeedsUnavailable &) { are_feeds_up_ = false; }
    void on(const event::FeedsRecovered &) { are_feeds_up_ = true; }
    template <class Other> void on(const Other &) {}

    void count_outage(std::string_view sqlstate);
    void measure(runtime::MetricFamilies &families) const override;
    void measure_feeds(runtime::MetricFamilies &families) const;

    const runtime::DaemonState &state_;
    Counters &records_;
    Counters &refused_;
    Histograms &batch_records_;
    Histograms &batch_bytes_;
    Histograms &batch_seconds_;
    Counters &failures_;
    prometheus::Counter &connections_;
    prometheus::Counter &lost_answers_;
    prometheus::Counter &rebalances_;
    prometheus::Counter &fenced_;
    prometheus::Counter &dead_letters_published_;
    prometheus::Counter &dead_letters_unpublishable_;
    Counters &feed_messages_;
    prometheus::Counter &feeds_fenced_;

    mutable std::mutex mutex_; // of what follows
    std::map<TopicPartition, Lag> lags_;
    double alive_at_;
    bool is_paused_ = false;
    std::map<std::string, FeedLag> feeds_; // that this ingestor publishes
    std::set<std::string> paused_feeds_;
    bool are_feeds_up_ = true;
};

} // namespace analytics::ingestor
