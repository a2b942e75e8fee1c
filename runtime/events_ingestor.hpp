/* Events of analytics-ingestor. See events.hpp. */
#pragma once

#include "event_field.hpp"

namespace analytics::event {

struct KafkaNotice {
    static constexpr EventKind kind{"kafka_notice", Level::warning};
    std::optional<std::string_view> facility = {};
    std::string_view message = {};
    [[nodiscard]] Fields fields() const { return {{"facility", facility}, {"message", message}}; }
};

struct KafkaUnavailable {
    static constexpr EventKind kind{"kafka_unavailable", Level::warning};
    std::string_view message = {};
    [[nodiscard]] Fields fields() const { return {{"message", message}}; }
};

struct KafkaRecovered {
    static constexpr EventKind kind{"kafka_recovered", Level::info};
    [[nodiscard]] Fields fields() const { return {}; }
};

struct PartitionsAssigned {
    static constexpr EventKind kind{"partitions_assigned", Level::info};
    std::size_t partitions = 0;
    [[nodiscard]] Fields fields() const { return {{"partitions", partitions}}; }
};

struct PartitionsRevoked {
    static constexpr EventKind kind{"partitions_revoked", Level::info};
    bool lost = false; // others have them already
    std::size_t records_dropped = 0;
    [[nodiscard]] Fields fields() const { return {{"lost", lost}, {"records_dropped", records_dropped}}; }
};

struct PartitionClaimed {
    static constexpr EventKind kind{"partition_claimed", Level::info};
    std::string_view topic = {};
    int partition = 0;
    std::int64_t offset = 0;
    std::int64_t high_watermark = 0;
    std::int64_t epoch = 0;
    [[nodiscard]] Fields fields() const
    {
        return {{"topic", topic},
                {"partition", partition},
                {"offset", offset},
                {"high_watermark", high_watermark},
                {"epoch", epoch}};
    }
};

struct PartitionsReady {
    static constexpr EventKind kind{"partitions_ready", Level::info};
    std::size_t partitions = 0; // that are being read
    std::size_t stopped = 0;
    [[nodiscard]] Fields fields() const { return {{"partitions", partitions}, {"stopped", stopped}}; }
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
    [[nodiscard]] Fields fields() const
    {
        return {{"topic", topic},
                {"partition", partition},
                {"offset", offset},
                {"low_watermark", low_watermark},
                {"high_watermark", high_watermark},
                {"message", message},
                {"command", command}};
    }
};

struct GapAccepted {
    static constexpr EventKind kind{"gap_accepted", Level::info};
    std::string_view topic = {};
    int partition = 0;
    [[nodiscard]] Fields fields() const { return {{"topic", topic}, {"partition", partition}}; }
};

struct PartitionRewound {
    static constexpr EventKind kind{"partition_rewound", Level::warning};
    std::string_view topic = {};
    int partition = 0;
    std::int64_t offset = 0;
    std::size_t records_dropped = 0;
    [[nodiscard]] Fields fields() const
    {
        return {{"topic", topic}, {"partition", partition}, {"offset", offset}, {"records_dropped", records_dropped}};
    }
};

struct BatchesShortened {
    static constexpr EventKind kind{"batches_shortened", Level::warning};
    std::string_view topic = {};
    int partition = 0;
    std::int64_t offset = 0;
    std::size_t records = 0;
    std::string_view sqlstate = {};
    std::string_view message = {};
    [[nodiscard]] Fields fields() const
    {
        return {{"topic", topic},     {"partition", partition}, {"offset", offset},
                {"records", records}, {"sqlstate", sqlstate},   {"message", message}};
    }
};

struct BatchesRestored {
    static constexpr EventKind kind{"batches_restored", Level::info};
    std::string_view topic = {};
    int partition = 0;
    std::int64_t offset = 0;
    [[nodiscard]] Fields fields() const { return {{"topic", topic}, {"partition", partition}, {"offset", offset}}; }
};

struct RecordFailing {
    static constexpr EventKind kind{"record_failing", Level::error};
    std::string_view topic = {};
    int partition = 0;
    std::int64_t offset = 0;
    std::size_t records = 0;
    std::string_view sqlstate = {};
    std::string_view message = {};
    [[nodiscard]] Fields fields() const
    {
        return {{"topic", topic},     {"partition", partition}, {"offset", offset},
                {"records", records}, {"sqlstate", sqlstate},   {"message", message}};
    }
};

struct GroupWaiting {
    static constexpr EventKind kind{"group_waiting", Level::warning};
    std::string_view group = {};
    std::string_view state = {};
    std::string_view members = {};
    std::int64_t session_timeout_ms = 0;
    std::string_view message = {};
    [[nodiscard]] Fields fields() const
    {
        return {{"group", group},
                {"state", state},
                {"members", members},
                {"session_timeout_ms", session_timeout_ms},
                {"message", message}};
    }
};

struct GroupOfAnotherStore {
    static constexpr EventKind kind{"group_of_another_store", Level::error};
    std::string_view group = {};
    std::string_view store = {};
    std::string_view other_store = {};
    std::string_view message = {};
    std::string_view hint = {};
    [[nodiscard]] Fields fields() const
    {
        return {{"group", group}, {"store", store}, {"other_store", other_store}, {"message", message}, {"hint", hint}};
    }
};

struct GroupAdopted {
    static constexpr EventKind kind{"group_adopted", Level::warning};
    std::string_view group = {};
    std::string_view store = {};
    std::string_view other_store = {};
    [[nodiscard]] Fields fields() const { return {{"group", group}, {"store", store}, {"other_store", other_store}}; }
};

struct PartitionFenced {
    static constexpr EventKind kind{"partition_fenced", Level::warning};
    std::string_view topic = {};
    int partition = 0;
    std::int64_t offset = 0;
    std::int64_t epoch = 0;
    std::size_t records_dropped = 0;
    [[nodiscard]] Fields fields() const
    {
        return {{"topic", topic},
                {"partition", partition},
                {"offset", offset},
                {"epoch", epoch},
                {"records_dropped", records_dropped}};
    }
};

struct PartitionProgress {
    static constexpr EventKind kind{"partition_progress", Level::debug};
    std::string_view topic = {};
    int partition = 0;
    std::int64_t next_offset = 0;
    std::optional<std::int64_t> lag = {};     // records; nothing: unknown
    std::optional<double> waiting_since = {}; // seconds since the Unix epoch; nothing: no record waits
    [[nodiscard]] Fields fields() const
    {
        return {{"topic", topic},
                {"partition", partition},
                {"next_offset", next_offset},
                {"lag", lag},
                {"waiting_since", waiting_since}};
    }
};

struct ConsumptionPaused {
    static constexpr EventKind kind{"consumption_paused", Level::warning};
    std::size_t records_buffered = 0;
    [[nodiscard]] Fields fields() const { return {{"records_buffered", records_buffered}}; }
};

struct ConsumptionResumed {
    static constexpr EventKind kind{"consumption_resumed", Level::info};
    [[nodiscard]] Fields fields() const { return {}; }
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
    [[nodiscard]] Fields fields() const
    {
        return {{"topic", topic},
                {"partition", partition},
                {"offset", offset},
                {"next_offset", next_offset},
                {"records", records},
                {"bytes", bytes},
                {"stored", stored},
                {"duplicates", duplicates},
                {"dead_lettered", dead_lettered},
                {"skipped", skipped},
                {"counts_known", counts_known},
                {"milliseconds", milliseconds},
                {"age_milliseconds", age_milliseconds}};
    }
};

struct RecordsRefused {
    static constexpr EventKind kind{"records_refused", Level::warning};
    std::string_view topic = {};
    int partition = 0;
    std::int64_t offset = 0;
    Json refusals = {};
    [[nodiscard]] Fields fields() const
    {
        return {{"topic", topic}, {"partition", partition}, {"offset", offset}, {"refusals", refusals}};
    }
};

struct DeadLettersPublished {
    static constexpr EventKind kind{"dead_letters_published", Level::info};
    std::size_t dead_letters = 0;
    std::int64_t first_id = 0;
    std::int64_t last_id = 0;
    [[nodiscard]] Fields fields() const
    {
        return {{"dead_letters", dead_letters}, {"first_id", first_id}, {"last_id", last_id}};
    }
};

struct DeadLetterUnpublishable {
    static constexpr EventKind kind{"dead_letter_unpublishable", Level::error};
    std::int64_t id = 0;
    std::string_view message = {};
    [[nodiscard]] Fields fields() const { return {{"id", id}, {"message", message}}; }
};

struct PublishingPaused {
    static constexpr EventKind kind{"publishing_paused", Level::warning};
    std::string_view message = {};
    [[nodiscard]] Fields fields() const { return {{"message", message}}; }
};

struct PublishingResumed {
    static constexpr EventKind kind{"publishing_resumed", Level::info};
    [[nodiscard]] Fields fields() const { return {}; }
};

} // namespace analytics::event
