/* analytics-ingestor's metrics (analytics_ingestor_*), made of the loop's events.
 *
 * A partition's lag is given in records (from what is committed to Kafka's end as of the last fetch) and in seconds
 * (the age of the oldest known record that is not committed). While the database is sick, Kafka is paused and its
 * end is not fetched: the records stand still and the seconds grow, so an alert should watch the seconds. */
#pragma once

#include "../runtime/metrics.hpp"

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace analytics::ingestor {

class IngestorMetrics final : public runtime::Metrics {
public:
    IngestorMetrics();

    void observe(runtime::Event event, std::span<const runtime::Field> fields) override;
    void alive() override;

private:
    struct Lag {
        std::optional<double> records;       // nothing: Kafka's end is unknown
        std::optional<double> waiting_since; // seconds since the Unix epoch; nothing: no record waits
    };
    using TopicPartition = std::pair<std::string, std::string>;

    void count_batch(std::span<const runtime::Field> fields);
    void measure(runtime::MetricFamilies &families) const override;

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

    mutable std::mutex mutex_; // of what follows
    std::map<TopicPartition, Lag> lags_;
    double reading_ = 0; // partitions
    double stopped_ = 0;
    double alive_at_;
    bool is_database_up_ = true; // until a call fails
    bool is_kafka_up_ = true;
    bool is_paused_ = false;
    bool is_publishing_paused_ = false;
};

} // namespace analytics::ingestor
