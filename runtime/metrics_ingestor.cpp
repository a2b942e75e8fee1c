#include "metrics_ingestor.hpp"

#include "refusals.hpp"

#include <algorithm>
#include <array>
#include <chrono>

namespace analytics::runtime {
namespace {

/* A batch is full at 5,000 records or 4 MiB unless told otherwise, and takes some hundred milliseconds; it is given up
 * after a minute. */
const prometheus::Histogram::BucketBoundaries record_buckets{1, 10, 100, 500, 1'000, 2'500, 5'000, 10'000, 100'000};
const prometheus::Histogram::BucketBoundaries byte_buckets{1'024, 16'384, 131'072, 1'048'576, 4'194'304, 16'777'216};
const prometheus::Histogram::BucketBoundaries second_buckets{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
                                                             1,     2.5,  5,     10,   30,  60};

constexpr std::array<std::pair<std::string_view, const char *>, 4> outcomes{{
    {"stored", "stored"},
    {"duplicates", "duplicate"},
    {"dead_lettered", "dead_lettered"},
    {"skipped", "skipped"},
}};

double now()
{
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::pair<std::string, std::string> place(std::span<const Field> fields)
{
    return {std::string(text(fields, "topic")),
            std::to_string(static_cast<std::int64_t>(number(fields, "partition").value_or(0)))};
}

} // namespace

IngestorMetrics::IngestorMetrics()
    : Metrics("analytics_ingestor", second_buckets),
      records_(counters("analytics_ingestor_records_total", "Records that were committed, by what became of them.")),
      refused_(counters("analytics_ingestor_refused_records_total", "Records that were no events, by the reason.")),
      batch_records_(histograms("analytics_ingestor_batch_records", "Records in a committed batch.")),
      batch_bytes_(histograms("analytics_ingestor_batch_bytes", "Bytes of values, keys and headers in a batch.")),
      batch_seconds_(histograms("analytics_ingestor_batch_duration_seconds",
                                "Database time of a committed batch, from sending it to the answer.")),
      failures_(counters("analytics_ingestor_database_outages_total",
                         "Times that the database became unavailable or refused, by class of SQLSTATE.")),
      connections_(
          counter("analytics_ingestor_database_connections_total",
                  "Connections made to the database; more than ANALYTICS_DATABASE_CONNECTIONS are reconnects.")),
      lost_answers_(counter("analytics_ingestor_lost_answers_total",
                            "Batches whose answer was lost and that turned out to be committed; their records are "
                            "counted nowhere else.")),
      rebalances_(counter("analytics_ingestor_rebalances_total", "Times that the group took partitions back.")),
      fenced_(counter("analytics_ingestor_partitions_fenced_total",
                      "Partitions that another ingestor turned out to have taken.")),
      letters_published_(counter("analytics_ingestor_dead_letters_published_total",
                                 "Dead letters that the companion topic's broker has taken.")),
      letters_unpublishable_(counter("analytics_ingestor_dead_letters_unpublishable_total",
                                     "Dead letters that the companion topic can never take.")),
      alive_at_(now())
{
    for (const auto &[field, outcome] : outcomes) records_.Add({{"outcome", outcome}});
    batch_records_.Add({}, record_buckets);
    batch_bytes_.Add({}, byte_buckets);
    batch_seconds_.Add({}, second_buckets);
}

void IngestorMetrics::observe(Event event, std::span<const Field> fields)
{
    const std::lock_guard lock(mutex_);
    switch (event) {
    case Event::database_connected:
        connections_.Increment();
        is_database_up_ = true;
        break;
    case Event::database_unavailable:
    case Event::database_refused:
        failures_.Add({{"sqlstate_class", std::string(text(fields, "sqlstate").substr(0, 2))}}).Increment();
        is_database_up_ = false;
        break;
    case Event::database_recovered:
        is_database_up_ = true;
        break;
    case Event::kafka_unavailable:
        is_kafka_up_ = false;
        break;
    case Event::kafka_recovered:
        is_kafka_up_ = true;
        break;
    case Event::partitions_ready:
        reading_ = number(fields, "partitions").value_or(0);
        stopped_ = number(fields, "stopped").value_or(0);
        break;
    case Event::partition_stopped:
        if (reading_ > 0) --reading_, ++stopped_; // else it is counted when the others are ready
        break;
    case Event::partitions_revoked:
        rebalances_.Increment();
        lags_.clear();
        reading_ = stopped_ = 0;
        break;
    case Event::partition_fenced:
        fenced_.Increment();
        lags_.erase(place(fields));
        break;
    case Event::partition_progress:
        lags_[place(fields)] = {number(fields, "lag"), number(fields, "waiting_since")};
        break;
    case Event::consumption_paused:
        is_paused_ = true;
        break;
    case Event::consumption_resumed:
        is_paused_ = false;
        break;
    case Event::dead_letters_published:
        letters_published_.Increment(number(fields, "letters").value_or(0));
        break;
    case Event::dead_letter_unpublishable:
        letters_unpublishable_.Increment();
        break;
    case Event::publishing_paused:
        is_publishing_paused_ = true;
        break;
    case Event::publishing_resumed:
        is_publishing_paused_ = false;
        break;
    case Event::batch_committed:
        committed(fields);
        break;
    case Event::records_refused:
        if (const Json *refusals = json(fields, "refusals"))
            for (const auto &[reason, count] : counts_by_reason(refusals->text))
                refused_.Add({{"reason", reason}}).Increment(static_cast<double>(count));
        break;
    default:
        Metrics::observe(event, fields);
        break;
    }
}

void IngestorMetrics::committed(std::span<const Field> fields)
{
    const auto is_lost = [](const Field &field) {
        const bool *flag = std::get_if<bool>(&field.value);
        return field.name == "counts_known" && flag != nullptr && !*flag;
    };
    if (std::ranges::any_of(fields, is_lost)) {
        lost_answers_.Increment();
        return;
    }
    for (const auto &[field, outcome] : outcomes)
        records_.Add({{"outcome", outcome}}).Increment(number(fields, field).value_or(0));
    batch_records_.Add({}, record_buckets).Observe(number(fields, "records").value_or(0));
    batch_bytes_.Add({}, byte_buckets).Observe(number(fields, "bytes").value_or(0));
    batch_seconds_.Add({}, second_buckets).Observe(number(fields, "milliseconds").value_or(0) / millis_per_second);
}

void IngestorMetrics::alive()
{
    const std::lock_guard lock(mutex_);
    alive_at_ = now();
}

void IngestorMetrics::measure(MetricFamilies &families) const
{
    const std::lock_guard lock(mutex_);
    const auto flag = [](bool is) { return is ? 1.0 : 0.0; };
    add(gauge_family(families, "analytics_ingestor_build_info", "The version, as a label; always 1."),
        {{"version", ANALYTICS_VERSION}}, 1);
    gauge(families, "analytics_ingestor_database_up", "Whether the database answers, as far as is known.",
          flag(is_database_up_));
    gauge(families, "analytics_ingestor_kafka_up", "Whether a broker can be reached, as far as is known.",
          flag(is_kafka_up_));
    gauge(families, "analytics_ingestor_paused", "Whether Kafka is held, for the database does not take anything.",
          flag(is_paused_));
    gauge(families, "analytics_ingestor_publishing_paused",
          "Whether dead letters can't be copied to the companion topic just now.", flag(is_publishing_paused_));
    gauge(families, "analytics_ingestor_loop_timestamp_seconds",
          "When the loop was last seen to turn, in seconds since the Unix epoch.", alive_at_);

    prometheus::MetricFamily &partitions = gauge_family(families, "analytics_ingestor_partitions",
                                                        "Partitions that the group gave us: being read, or stopped.");
    add(partitions, {{"state", "reading"}}, reading_);
    add(partitions, {{"state", "stopped"}}, stopped_);

    prometheus::MetricFamily &records =
        gauge_family(families, "analytics_ingestor_lag_records",
                     "Records between what is committed to the database and the partition's end as last fetched.");
    for (const auto &[place, lag] : lags_)
        if (lag.records) add(records, {{"topic", place.first}, {"partition", place.second}}, *lag.records);

    prometheus::MetricFamily &seconds =
        gauge_family(families, "analytics_ingestor_lag_seconds",
                     "For how long the oldest record that is known and not committed has been waiting.");
    const double at = now();
    for (const auto &[place, lag] : lags_)
        add(seconds, {{"topic", place.first}, {"partition", place.second}},
            lag.waiting_since ? std::max(0.0, at - *lag.waiting_since) : 0.0);
}

} // namespace analytics::runtime
