/* What a KafkaConsumer keeps: librdkafka's client, what its callbacks noted, and what we have paused. */
#pragma once

#include "fetch_waker.hpp"
#include "kafka_conf.hpp"
#include "kafka_consumer.hpp"

#include <deque>
#include <mutex>
#include <set>
#include <vector>

namespace analytics::ingestor {

using Queue = std::unique_ptr<rd_kafka_queue_t, Freed<rd_kafka_queue_destroy>>;

inline constexpr int kafka_query_timeout_ms = 3'000;

[[nodiscard]] List list_of(std::span<const StartOffset> starts);
/** Nothing: no bytes, as opposed to zero of them. */
[[nodiscard]] std::optional<std::string_view> kafka_bytes(const void *data, std::size_t size);

struct KafkaConsumer::Handle {
    Handle(const runtime::Settings &given, runtime::Observer &observer);
    ~Handle();
    Handle(const Handle &) = delete;
    Handle &operator=(const Handle &) = delete;

    static void on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *partitions,
                             void *self);
    static void on_error(rd_kafka_t *rk, int err, const char *reason, void *self);
    static void on_log(const rd_kafka_t *rk, int severity, const char *facility, const char *message);

    /** What the message is. Its views hold until the next poll. */
    PollResult result();
    PollResult error();
    /** A broker answered. */
    void answered();
    /** Reports the same trouble once, not at each of librdkafka's attempts. */
    void notice(std::string_view text);
    void pause(std::span<const StartOffset> partitions);
    /** Resumes what we have paused, except for stopped partitions. */
    void resume();

    const runtime::Settings &settings;
    runtime::Observer &observe;
    std::string topics;
    std::string group;
    std::string metadata; // of offsets that are committed
    std::string advice;   // for a failed authentication
    bool is_debugging = false;
    rd_kafka_t *kafka = nullptr;
    std::mutex waking;
    std::optional<FetchWaker> fetching;
    Queue polled; // what poll waits on, kept for wake; librdkafka wants it back before the end

    std::deque<PollResult> events;              // noted by callbacks, returned by the next poll
    Message message;                            // holds the views of the last Record
    std::vector<Header> headers;                // the same
    std::vector<StartOffset> assigned;          // offsets don't matter
    std::set<Partition, PartitionOrder> paused; // by us: resuming any other partition rewinds it
    std::set<Partition, PartitionOrder> stopped;
    bool is_unavailable = false;
    bool is_refused = false; // a broker refuses our credentials, or we refuse its certificate
    std::string last_error;  // of a broker, in librdkafka's words
    std::string last_notice;
};

} // namespace analytics::ingestor
