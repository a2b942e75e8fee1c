/* analytics-ingestor's metrics (analytics_ingestor_*), made of what its loop observes.
 *
 * Lag is told by partition, in records (committed to the database against Kafka's end as last fetched) and in seconds
 * (for how long the oldest record that is known and not committed has been waiting). While the database is sick Kafka
 * is held and its end is not fetched, so the records stand still; the seconds grow, and are what an alert should watch. */
#pragma once

#include "metrics.hpp"

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace analytics::runtime {

class IngestorMetrics final : public Metrics {
public:
    IngestorMetrics();

    void observe(Event event, std::span<const Field> fields) override;
    void alive() override;

private:
    struct Lag {
        std::optional<double> records;       // nothing: Kafka's end is not known yet
        std::optional<double> waiting_since; // seconds since the Unix epoch; nothing: nobody waits
    };
    using Place = std::pair<std::string, std::string>; // topic, partition

    void committed(std::span<const Field> fields);
    void measure(MetricFamilies &families) const override;

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

    prometheus::Counter &letters_published_;
    prometheus::Counter &letters_unpublishable_;

    mutable std::mutex mutex_; // of what follows
    std::map<Place, Lag> lags_;
    double reading_ = 0; // partitions
    double stopped_ = 0;
    double alive_at_;
    bool is_database_up_ = true; // until the contrary is known
    bool is_kafka_up_ = true;
    bool is_paused_ = false;
    bool is_publishing_paused_ = false;
};

} // namespace analytics::runtime
