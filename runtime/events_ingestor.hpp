/* Events of analytics-ingestor. See events.hpp. */
#pragma once

#include "event_field.hpp"

namespace analytics::event {

struct KafkaNotice {
    static constexpr EventKind kind{"kafka_notice", Level::warning};
    std::optional<std::string_view> facility = {};
    std::string_view message = {};
    ANALYTICS_FIELDS(facility, message);
};

struct KafkaUnavailable {
    static constexpr EventKind kind{"kafka_unavailable", Level::warning};
    std::string_view message = {};
    ANALYTICS_FIELDS(message);
};

struct KafkaRecovered {
    static constexpr EventKind kind{"kafka_recovered", Level::info};
    ANALYTICS_FIELDS();
};

struct PartitionsAssigned {
    static constexpr EventKind kind{"partitions_assigned", Level::info};
    std::size_t partitions = 0;
    ANALYTICS_FIELDS(partitions);
};

struct PartitionsRevoked {
    static constexpr EventKind kind{"partitions_revoked", Level::info};
    bool lost = false; // others have them already
    std::size_t records_dropped = 0;
    ANALYTICS_FIELDS(lost, records_dropped);
};

struct PartitionClaimed {
    static constexpr EventKind kind{"partition_claimed", Level::info};
    std::string_view topic = {};
    int partition = 0;
    std::int64_t offset = 0;
    std::int64_t high_watermark = 0;
    std::int64_t epoch = 0;
    ANALYTICS_FIELDS(topic, partition, offset, high_watermark, epoch);
};

struct PartitionsReady {
    static constexpr EventKind kind{"partitions_ready", Level::info};
    std::size_t partitions = 0; // that are being read
    std::size_t stopped = 0;
    ANALYTICS_FIELDS(partitions, stopped);
};

struct PartitionStopped {
    static constexpr EventKind kind{"partition_stopped", Level::error};
    std::string_view topic = {};
    int partition = 0;
    std::int64_t offset = 0;
    std::int64_t low_watermark = 0;
    std::int64_t high_watermark = 0;
    std::string_view message = {};
    std::string_view command = {};
    ANALYTICS_FIELDS(topic, partition, offset, low_watermark, high_watermark, message, command);
};

struct GapAccepted {
    static constexpr EventKind kind{"gap_accepted", Level::info};
    std::string_view topic = {};
    int partition = 0;
    ANALYTICS_FIELDS(topic, partition);
};

struct PartitionRewound {
    static constexpr EventKind kind{"partition_rewound", Level::warning};
    std::string_view topic = {};
    int partition = 0;
    std::int64_t offset = 0;
    std::size_t records_dropped = 0;
    ANALYTICS_FIELDS(topic, partition, offset, records_dropped);
};

/** A batch that the database did not store. */
struct FailedBatch {
    std::string_view topic = {};
    int partition = 0;
    std::int64_t offset = 0;
    std::size_t records = 0;
    std::string_view sqlstate = {};
    std::string_view message = {};
    ANALYTICS_FIELDS(topic, partition, offset, records, sqlstate, message);
};

struct BatchesShortened : FailedBatch {
    static constexpr EventKind kind{"batches_shortened", Level::warning};
};

struct RecordFailing : FailedBatch {
    static constexpr EventKind kind{"record_failing", Level::error};
};

struct BatchesRestored {
    static constexpr EventKind kind{"batches_restored", Level::info};
    std::string_view topic = {};
    int partition = 0;
    std::int64_t offset = 0;
    ANALYTICS_FIELDS(topic, partition, offset);
};

struct GroupWaiting {
    static constexpr EventKind kind{"group_waiting", Level::warning};
    std::string_view group = {};
    std::string_view state = {};
    std::string_view members = {};
    std::int64_t session_timeout_ms = 0;
    std::string_view message = {};
    ANALYTICS_FIELDS(group, state, members, session_timeout_ms, message);
};

struct GroupOfAnotherStore {
    static constexpr EventKind kind{"group_of_another_store", Level::error};
    std::string_view group = {};
    std::string_view store = {};
    std::string_view other_store = {};
    std::string_view message = {};
    std::string_view hint = {};
    ANALYTICS_FIELDS(group, store, other_store, message, hint);
};

struct GroupAdopted {
    static constexpr EventKind kind{"group_adopted", Level::warning};
    std::string_view group = {};
    std::string_view store = {};
    std::string_view other_store = {};
    ANALYTICS_FIELDS(group, store, other_store);
};

struct PartitionFenced {
    static constexpr EventKind kind{"partition_fenced", Level::warning};
    std::string_view topic = {};
    int partition = 0;
    std::int64_t offset = 0;
    std::int64_t epoch = 0;
    std::size_t records_dropped = 0;
    ANALYTICS_FIELDS(topic, partition, offset, epoch, records_dropped);
};

struct PartitionProgress {
    static constexpr EventKind kind{"partition_progress", Level::debug};
    std::string_view topic = {};
    int partition = 0;
    std::int64_t next_offset = 0;
    std::optional<std::int64_t> lag = {};     // records; nothing: unknown
    std::optional<double> waiting_since = {}; // seconds since the Unix epoch; nothing: no record waits
    ANALYTICS_FIELDS(topic, partition, next_offset, lag, waiting_since);
};

struct ConsumptionPaused {
    static constexpr EventKind kind{"consumption_paused", Level::warning};
    std::size_t records_buffered = 0;
    ANALYTICS_FIELDS(records_buffered);
};

struct ConsumptionResumed {
    static constexpr EventKind kind{"consumption_resumed", Level::info};
    ANALYTICS_FIELDS();
};

struct BatchCommitted {
    static constexpr EventKind kind{"batch_committed", Level::debug};
    std::string_view topic = {};
    int partition = 0;
    std::int64_t offset = 0;
    std::int64_t next_offset = 0;
    std::size_t records = 0;
    std::size_t bytes = 0;
    std::int64_t stored = 0;
    std::int64_t duplicates = 0;
    std::int64_t dead_lettered = 0;
    std::int64_t skipped = 0;
    bool counts_known = false;   // false: the answer was lost
    double milliseconds = 0;     // of the database
    double age_milliseconds = 0; // since its first record
    ANALYTICS_FIELDS(topic, partition, offset, next_offset, records, bytes, stored, duplicates, dead_lettered, skipped,
                     counts_known, milliseconds, age_milliseconds);
};

struct RecordsRefused {
    static constexpr EventKind kind{"records_refused", Level::warning};
    std::string_view topic = {};
    int partition = 0;
    std::int64_t offset = 0;
    Json refusals = {};
    ANALYTICS_FIELDS(topic, partition, offset, refusals);
};

struct DeadLettersPublished {
    static constexpr EventKind kind{"dead_letters_published", Level::info};
    std::string_view feed = {};
    std::size_t dead_letters = 0;
    ANALYTICS_FIELDS(feed, dead_letters);
};

struct DeadLetterUnpublishable {
    static constexpr EventKind kind{"dead_letter_unpublishable", Level::error};
    std::int64_t id = 0;
    std::string_view message = {};
    ANALYTICS_FIELDS(id, message);
};

struct PublishingOnly {
    static constexpr EventKind kind{"publishing_only", Level::info};
    ANALYTICS_FIELDS();
};

struct FeedClaimed {
    static constexpr EventKind kind{"feed_claimed", Level::info};
    std::string_view feed = {};
    std::string_view topic = {};
    std::int64_t epoch = 0;
    std::string_view position = {}; // empty: the feed begins
    ANALYTICS_FIELDS(feed, topic, epoch, position);
};

struct FeedReleased {
    static constexpr EventKind kind{"feed_released", Level::info};
    std::string_view feed = {};
    ANALYTICS_FIELDS(feed);
};

struct FeedFenced {
    static constexpr EventKind kind{"feed_fenced", Level::warning};
    std::string_view feed = {};
    std::int64_t epoch = 0;
    std::string_view message = {};
    ANALYTICS_FIELDS(feed, epoch, message);
};

struct FeedPublished {
    static constexpr EventKind kind{"feed_published", Level::debug};
    std::string_view feed = {};
    std::string_view position = {};
    std::size_t messages = 0;
    std::size_t bytes = 0;   // of values
    double milliseconds = 0; // from its first page to the end of its commit
    ANALYTICS_FIELDS(feed, position, messages, bytes, milliseconds);
};

struct FeedPaused {
    static constexpr EventKind kind{"feed_paused", Level::warning};
    std::string_view feed = {};
    std::string_view message = {};
    ANALYTICS_FIELDS(feed, message);
};

struct FeedResumed {
    static constexpr EventKind kind{"feed_resumed", Level::info};
    std::string_view feed = {};
    ANALYTICS_FIELDS(feed);
};

struct FeedStopped {
    static constexpr EventKind kind{"feed_stopped", Level::error};
    std::string_view feed = {};
    std::string_view message = {};
    std::string_view command = {};
    ANALYTICS_FIELDS(feed, message, command);
};

struct FeedProgress {
    static constexpr EventKind kind{"feed_progress", Level::debug};
    std::string_view feed = {};
    std::optional<std::int64_t> ticks_behind = {};
    std::optional<double> seconds_behind = {};
    std::optional<double> oldest_seconds = {}; // age of the oldest tick that is kept
    bool is_stopped = false;
    ANALYTICS_FIELDS(feed, ticks_behind, seconds_behind, oldest_seconds, is_stopped);
};

struct FeedChecked {
    static constexpr EventKind kind{"feed_checked", Level::info};
    std::string_view feed = {};
    std::string_view topic = {};
    int partitions = 0;
    std::optional<std::string_view> publisher = {}; // nothing: nobody publishes it
    std::optional<double> heartbeat_seconds = {};   // since it last showed that it is alive
    ANALYTICS_FIELDS(feed, topic, partitions, publisher, heartbeat_seconds);
};

struct FeedDoubtful {
    static constexpr EventKind kind{"feed_doubtful", Level::warning};
    std::string_view feed = {};
    std::string_view topic = {};
    std::string_view message = {};
    ANALYTICS_FIELDS(feed, topic, message);
};

struct FeedsUnavailable {
    static constexpr EventKind kind{"feeds_unavailable", Level::warning};
    std::string_view sqlstate = {};
    std::string_view message = {};
    std::string_view hint = {};
    ANALYTICS_FIELDS(sqlstate, message, hint);
};

struct FeedsRecovered {
    static constexpr EventKind kind{"feeds_recovered", Level::info};
    ANALYTICS_FIELDS();
};

} // namespace analytics::event
