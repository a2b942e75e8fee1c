#include "metrics.hpp"

#include "refusals.hpp"

#include <algorithm>
#include <chrono>

namespace analytics::ingestor {
namespace {

/* By default a batch is full at 5,000 records or 4 MiB, takes some hundred milliseconds, and is cancelled after a
 * minute. */
const prometheus::Histogram::BucketBoundaries record_buckets{1, 10, 100, 500, 1'000, 2'500, 5'000, 10'000, 100'000};
const prometheus::Histogram::BucketBoundaries byte_buckets{1'024, 16'384, 131'072, 1'048'576, 4'194'304, 16'777'216};
const prometheus::Histogram::BucketBoundaries second_buckets{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
                                                             1,     2.5,  5,     10,   30,  60};

double now()
{
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

} // namespace

IngestorMetrics::IngestorMetrics(const runtime::DaemonState &state)
    : Metrics("analytics_ingestor", second_buckets), state_(state),
      records_(counters("analytics_ingestor_records_total", "Records that were committed, by outcome.")),
      refused_(counters("analytics_ingestor_refused_records_total", "Records that were refused, by reason.")),
      batch_records_(histograms("analytics_ingestor_batch_records", "Records in a committed batch.")),
      batch_bytes_(histograms("analytics_ingestor_batch_bytes", "Bytes of values, keys and headers in a batch.")),
      batch_seconds_(histograms("analytics_ingestor_batch_duration_seconds",
                                "Time from sending a batch to the database until its commit was confirmed.")),
      failures_(
          counters("analytics_ingestor_database_outages_total",
                   "Number of times that the database became unavailable or refused a call, by class of SQLSTATE.")),
      connections_(
          counter("analytics_ingestor_database_connections_total",
                  "Connections opened to the database; all but the first ANALYTICS_INGESTOR_DATABASE_CONNECTIONS are "
                  "reconnects.")),
      lost_answers_(counter("analytics_ingestor_lost_answers_total",
                            "Committed batches whose answer was lost; their records are in no other counter.")),
      rebalances_(counter("analytics_ingestor_rebalances_total",
                          "Number of rebalances that revoked this ingestor's partitions.")),
      fenced_(counter("analytics_ingestor_partitions_fenced_total",
                      "Number of times that a partition was fenced, because another ingestor had claimed it.")),
      dead_letters_published_(counter("analytics_ingestor_dead_letters_published_total",
                                      "Dead letters that were published to the dead-letter topic.")),
      dead_letters_unpublishable_(counter("analytics_ingestor_dead_letters_unpublishable_total",
                                          "Dead letters that the dead-letter topic can't receive.")),
      feed_messages_(counters("analytics_ingestor_feed_messages_total", "Messages of feeds that were committed.")),
      feeds_fenced_(counter("analytics_ingestor_feeds_fenced_total",
                            "Number of times that a feed was fenced, because another ingestor published it.")),
      alive_at_(now())
{
    for (const char *outcome : {"stored", "duplicate", "dead_lettered", "skipped"})
        records_.Add({{"outcome", outcome}});
    batch_records_.Add({}, record_buckets);
    batch_bytes_.Add({}, byte_buckets);
    batch_seconds_.Add({}, second_buckets);
}

void IngestorMetrics::observe(const runtime::Event &event)
{
    Metrics::observe(event);
    const std::lock_guard lock(mutex_);
    event.visit([this](const auto &one) { on(one); });
}

void IngestorMetrics::count_outage(std::string_view sqlstate)
{
    failures_.Add({{"sqlstate_class", std::string(sqlstate.substr(0, 2))}}).Increment();
}

void IngestorMetrics::on(const event::PartitionsRevoked &)
{
    rebalances_.Increment();
    lags_.clear();
}

void IngestorMetrics::on(const event::PartitionFenced &fenced)
{
    fenced_.Increment();
    lags_.erase({std::string(fenced.topic), fenced.partition});
}

void IngestorMetrics::on(const event::PartitionProgress &progress)
{
    lags_[{std::string(progress.topic), progress.partition}] = {progress.lag, progress.waiting_since};
}

void IngestorMetrics::on(const event::BatchCommitted &batch)
{
    if (!batch.counts_known) {
        lost_answers_.Increment();
        return;
    }
    const auto count = [this](const char *outcome, std::int64_t records) {
        records_.Add({{"outcome", outcome}}).Increment(static_cast<double>(records));
    };
    count("stored", batch.stored);
    count("duplicate", batch.duplicates);
    count("dead_lettered", batch.dead_lettered);
    count("skipped", batch.skipped);
    batch_records_.Add({}, record_buckets).Observe(static_cast<double>(batch.records));
    batch_bytes_.Add({}, byte_buckets).Observe(static_cast<double>(batch.bytes));
    batch_seconds_.Add({}, second_buckets).Observe(batch.milliseconds / millis_per_second);
}

void IngestorMetrics::on(const event::RecordsRefused &refused)
{
    for (const auto &[reason, count] : counts_by_reason(refused.refusals.text))
        refused_.Add({{"reason", reason}}).Increment(static_cast<double>(count));
}

void IngestorMetrics::on(const event::DeadLettersPublished &published)
{
    dead_letters_published_.Increment(static_cast<double>(published.dead_letters));
}

void IngestorMetrics::on(const event::FeedPublished &published)
{
    feed_messages_.Add({{"feed", std::string(published.feed)}}).Increment(static_cast<double>(published.messages));
}

void IngestorMetrics::on(const event::FeedProgress &progress)
{
    feeds_[std::string(progress.feed)] = {.ticks = progress.ticks_behind,
                                          .seconds = progress.seconds_behind,
                                          .oldest_seconds = progress.oldest_seconds,
                                          .is_stopped = progress.is_stopped,
                                          .at = now()};
}

void IngestorMetrics::on(const event::FeedReleased &released)
{
    feeds_.erase(std::string(released.feed));
    paused_feeds_.erase(std::string(released.feed));
}

void IngestorMetrics::alive()
{
    const std::lock_guard lock(mutex_);
    alive_at_ = now();
}

/* While the database does not answer, the ages go on. */
void IngestorMetrics::measure_feeds(runtime::MetricFamilies &families) const
{
    using runtime::add, runtime::gauge, runtime::gauge_family;
    gauge(families, "analytics_ingestor_feeds_up", "0 while ticks can't be made or feeds claimed, else 1.",
          are_feeds_up_ ? 1.0 : 0.0);
    std::map<std::string, double> states{{"publishing", 0}, {"paused", 0}, {"stopped", 0}};
    for (const auto &[name, feed] : feeds_)
        ++states[feed.is_stopped ? "stopped" : paused_feeds_.contains(name) ? "paused" : "publishing"];
    prometheus::MetricFamily &feeds =
        gauge_family(families, "analytics_ingestor_feeds", "Feeds that this ingestor publishes, by state.");
    for (const auto &[state, count] : states) add(feeds, {{"state", state}}, count);

    prometheus::MetricFamily &ticks = gauge_family(families, "analytics_ingestor_feed_ticks_behind",
                                                   "Ticks that are not published, as of the last look.");
    for (const auto &[name, feed] : feeds_)
        if (feed.ticks) add(ticks, {{"feed", name}}, static_cast<double>(*feed.ticks));

    double most_seconds = 0;
    prometheus::MetricFamily &seconds = gauge_family(families, "analytics_ingestor_feed_seconds_behind",
                                                     "Age of the oldest tick that is not published.");
    for (const auto &[name, feed] : feeds_) {
        if (!feed.seconds) continue;
        const double behind = *feed.seconds > 0 ? *feed.seconds + now() - feed.at : 0;
        most_seconds = std::max(most_seconds, behind);
        add(seconds, {{"feed", name}}, behind);
    }

    prometheus::MetricFamily &oldest =
        gauge_family(families, "analytics_ingestor_feed_oldest_seconds", "Age of the oldest tick that is kept.");
    for (const auto &[name, feed] : feeds_)
        if (feed.oldest_seconds) add(oldest, {{"feed", name}}, *feed.oldest_seconds + now() - feed.at);
    gauge(families, "analytics_ingestor_feeds_seconds_behind", "The most that a feed is behind; 0 without feeds.",
          most_seconds);
}

void IngestorMetrics::measure(runtime::MetricFamilies &families) const
{
    const std::lock_guard lock(mutex_);
    using runtime::add, runtime::gauge, runtime::gauge_family;
    const auto state = state_.snapshot();
    const auto flag = [](bool is) { return is ? 1.0 : 0.0; };
    add(gauge_family(families, "analytics_ingestor_build_info", "The version, as a label; always 1."),
        {{"version", ANALYTICS_VERSION}}, 1);
    gauge(families, "analytics_ingestor_database_up", "1 while the database answers, else 0.",
          flag(state.is_database_up));
    gauge(families, "analytics_ingestor_kafka_up", "1 while a broker can be reached, else 0.", flag(state.is_kafka_up));
    gauge(families, "analytics_ingestor_paused",
          "1 while consumption is paused because the database accepts nothing, else 0.", flag(is_paused_));
    gauge(families, "analytics_ingestor_loop_timestamp_seconds",
          "Time of the loop's last turn, in seconds since the Unix epoch.", alive_at_);

    measure_feeds(families);

    prometheus::MetricFamily &partitions = gauge_family(
        families, "analytics_ingestor_partitions", "Partitions that the group assigned to this ingestor, by state.");
    add(partitions, {{"state", "reading"}}, static_cast<double>(state.partitions_read));
    add(partitions, {{"state", "stopped"}}, static_cast<double>(state.partitions_stopped));

    prometheus::MetricFamily &records =
        gauge_family(families, "analytics_ingestor_lag_records",
                     "Records from the committed offset to the partition's end, as of the last fetch.");
    for (const auto &[partition, lag] : lags_)
        if (lag.records)
            add(records, {{"topic", partition.first}, {"partition", std::to_string(partition.second)}},
                static_cast<double>(*lag.records));

    prometheus::MetricFamily &seconds = gauge_family(families, "analytics_ingestor_lag_seconds",
                                                     "Age of the oldest known record that is not committed.");
    const double at = now();
    for (const auto &[partition, lag] : lags_)
        add(seconds, {{"topic", partition.first}, {"partition", std::to_string(partition.second)}},
            lag.waiting_since ? std::max(0.0, at - *lag.waiting_since) : 0.0);
}

} // namespace analytics::ingestor
