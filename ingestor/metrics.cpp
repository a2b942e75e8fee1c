#include "metrics.hpp"

#include "refusals.hpp"

#include <algorithm>
#include <array>
#include <chrono>

namespace analytics::ingestor {
namespace {

using runtime::Event;
using runtime::Field;
using runtime::number;
using runtime::text;

/* By default a batch is full at 5,000 records or 4 MiB, takes some hundred milliseconds, and is cancelled after a
 * minute. */
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

std::pair<std::string, std::string> partition_of(std::span<const Field> fields)
{
    return {std::string(text(fields, "topic")),
            std::to_string(static_cast<std::int64_t>(number(fields, "partition").value_or(0)))};
}

} // namespace

IngestorMetrics::IngestorMetrics()
    : Metrics("analytics_ingestor", second_buckets),
      records_(counters("analytics_ingestor_records_total", "Records that were committed, by outcome.")),
      refused_(counters("analytics_ingestor_refused_records_total", "Records that were refused, by reason.")),
      batch_records_(histograms("analytics_ingestor_batch_records", "Records in a committed batch.")),
      batch_bytes_(histograms("analytics_ingestor_batch_bytes", "Bytes of values, keys and headers in a batch.")),
      batch_seconds_(histograms("analytics_ingestor_batch_duration_seconds",
                                "Database time of a committed batch, from its sending to the answer.")),
      failures_(counters("analytics_ingestor_database_outages_total",
                         "Times that the database became unavailable or refused a call, by class of SQLSTATE.")),
      connections_(
          counter("analytics_ingestor_database_connections_total",
                  "Connections opened to the database; all but the first ANALYTICS_INGESTOR_DATABASE_CONNECTIONS are "
                  "reconnects.")),
      lost_answers_(counter("analytics_ingestor_lost_answers_total",
                            "Committed batches whose answer was lost; their records are in no other counter.")),
      rebalances_(counter("analytics_ingestor_rebalances_total", "Times that the group took our partitions back.")),
      fenced_(counter("analytics_ingestor_partitions_fenced_total",
                      "Partitions that were fenced: another ingestor had claimed them.")),
      dead_letters_published_(counter("analytics_ingestor_dead_letters_published_total",
                                      "Dead letters that were published to the dead-letter topic.")),
      dead_letters_unpublishable_(counter("analytics_ingestor_dead_letters_unpublishable_total",
                                          "Dead letters that the dead-letter topic can never accept.")),
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
        if (reading_ > 0) --reading_, ++stopped_; // before partitions_ready it is counted there
        break;
    case Event::partitions_revoked:
        rebalances_.Increment();
        lags_.clear();
        reading_ = stopped_ = 0;
        break;
    case Event::partition_fenced:
        fenced_.Increment();
        lags_.erase(partition_of(fields));
        break;
    case Event::partition_progress:
        lags_[partition_of(fields)] = {number(fields, "lag"), number(fields, "waiting_since")};
        break;
    case Event::consumption_paused:
        is_paused_ = true;
        break;
    case Event::consumption_resumed:
        is_paused_ = false;
        break;
    case Event::dead_letters_published:
        dead_letters_published_.Increment(number(fields, "dead_letters").value_or(0));
        break;
    case Event::dead_letter_unpublishable:
        dead_letters_unpublishable_.Increment();
        break;
    case Event::publishing_paused:
        is_publishing_paused_ = true;
        break;
    case Event::publishing_resumed:
        is_publishing_paused_ = false;
        break;
    case Event::batch_committed:
        count_batch(fields);
        break;
    case Event::records_refused:
        if (const runtime::Json *refusals = runtime::json(fields, "refusals"))
            for (const auto &[reason, count] : counts_by_reason(refusals->text))
                refused_.Add({{"reason", reason}}).Increment(static_cast<double>(count));
        break;
    default:
        Metrics::observe(event, fields);
        break;
    }
}

void IngestorMetrics::count_batch(std::span<const Field> fields)
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

void IngestorMetrics::measure(runtime::MetricFamilies &families) const
{
    const std::lock_guard lock(mutex_);
    using runtime::add, runtime::gauge, runtime::gauge_family;
    const auto flag = [](bool is) { return is ? 1.0 : 0.0; };
    add(gauge_family(families, "analytics_ingestor_build_info", "The version, as a label; always 1."),
        {{"version", ANALYTICS_VERSION}}, 1);
    gauge(families, "analytics_ingestor_database_up", "1 while the database answers, else 0.", flag(is_database_up_));
    gauge(families, "analytics_ingestor_kafka_up", "1 while a broker can be reached, else 0.", flag(is_kafka_up_));
    gauge(families, "analytics_ingestor_paused",
          "1 while consumption is paused because the database accepts nothing, else 0.", flag(is_paused_));
    gauge(families, "analytics_ingestor_publishing_paused", "1 while dead letters can't be published, else 0.",
          flag(is_publishing_paused_));
    gauge(families, "analytics_ingestor_loop_timestamp_seconds",
          "Time of the loop's last turn, in seconds since the Unix epoch.", alive_at_);

    prometheus::MetricFamily &partitions = gauge_family(
        families, "analytics_ingestor_partitions", "Partitions that the group assigned to us: being read, or stopped.");
    add(partitions, {{"state", "reading"}}, reading_);
    add(partitions, {{"state", "stopped"}}, stopped_);

    prometheus::MetricFamily &records =
        gauge_family(families, "analytics_ingestor_lag_records",
                     "Records from what is committed to the partition's end as of the last fetch.");
    for (const auto &[partition, lag] : lags_)
        if (lag.records) add(records, {{"topic", partition.first}, {"partition", partition.second}}, *lag.records);

    prometheus::MetricFamily &seconds = gauge_family(families, "analytics_ingestor_lag_seconds",
                                                     "Age of the oldest known record that is not committed.");
    const double at = now();
    for (const auto &[partition, lag] : lags_)
        add(seconds, {{"topic", partition.first}, {"partition", partition.second}},
            lag.waiting_since ? std::max(0.0, at - *lag.waiting_since) : 0.0);
}

} // namespace analytics::ingestor
