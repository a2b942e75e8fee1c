/* Records from Kafka: the Consumer that librdkafka drives.
 *
 * One consumer_poll loop. The rebalance callback only notes what happened; poll returns it like everything else, so
 * the loop answers it with no batch half written. assign gets the database's offsets; librdkafka's own reset policy
 * is "error", since the loop decides where to start. Known faults of librdkafka 2.0 shape the rest: no batch
 * consuming, no cooperative assignor, no seek, our own account of what is paused, a deadline on close. */
#pragma once

#include "../runtime/observe.hpp"
#include "../runtime/setting.hpp"
#include "consumer.hpp"
#include "fetch_waker.hpp"
#include "kafka_conf.hpp"

#include <deque>
#include <mutex>
#include <set>

namespace analytics::ingestor {

class KafkaConsumer final : public Consumer {
public:
    /** Connects when needed; the settings must live as long. Throws runtime::SettingFaults when librdkafka refuses
     * the settings as a whole. */
    KafkaConsumer(const runtime::Settings &settings, runtime::Observer &observe);
    ~KafkaConsumer() override;
    KafkaConsumer(const KafkaConsumer &) = delete;
    KafkaConsumer &operator=(const KafkaConsumer &) = delete;

    /** Joins the group. */
    void subscribe();

    /** From any thread: the poll that waits returns at once, or else the next one that would wait. */
    void wake();

    /** Asks the brokers for metadata: what is wrong, or nothing. */
    [[nodiscard]] std::string reachability_fault(Milliseconds timeout);

    PollResult poll(Milliseconds timeout) override;
    std::optional<Watermarks> watermarks(const Partition &partition) override;
    std::optional<std::int64_t> last_high_watermark(const Partition &partition) override;
    std::optional<std::int64_t> readable_after(const Partition &partition, std::int64_t offset,
                                               std::int64_t error_offset, std::int64_t end) override;
    void assign(std::span<const StartOffset> starts) override;
    void unassign() override;
    void stop(const Partition &partition) override;
    void pause() override;
    void resume() override;
    void close() override;

    // in kafka_group.cpp
    void mark_done(const Partition &partition, std::int64_t next_offset) override;
    bool commit(std::span<const StartOffset> offsets) override;
    void set_offset_metadata(const std::string &metadata) override;
    std::optional<std::vector<GroupOffset>> group_offsets() override;
    std::optional<OtherMembers> other_members() override;
    void rejoin() override;

private:
    // in kafka_events.cpp
    static void on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *partitions,
                             void *self);
    static void on_error(rd_kafka_t *rk, int err, const char *reason, void *self);
    static void on_log(const rd_kafka_t *rk, int severity, const char *facility, const char *message);

    /** What the message is. Its views hold until the next poll. */
    PollResult result();
    PollResult error();
    /** Of all topics that we may see; nothing when the brokers do not answer. In kafka_group.cpp. */
    List all_partitions();
    /** A broker answered. */
    void answered();
    /** Reports the same trouble once, not at each of librdkafka's attempts. */
    void notice(std::string_view text);
    void pause(std::span<const StartOffset> partitions);

    const runtime::Settings &settings_;
    runtime::Observer &observe_;
    std::string topics_;
    std::string group_;
    std::string metadata_; // of offsets that are committed
    std::string advice_;   // for a failed authentication
    bool is_debugging_;
    rd_kafka_t *kafka_ = nullptr;
    std::mutex waking_;
    std::optional<FetchWaker> fetching_;
    Queue polled_; // what poll waits on, kept for wake; librdkafka wants it back before the end

    std::deque<PollResult> events_;              // noted by callbacks, returned by the next poll
    Message message_;                            // holds the views of the last Record
    std::vector<Header> headers_;                // the same
    std::vector<StartOffset> assigned_;          // offsets don't matter
    std::set<Partition, PartitionOrder> paused_; // by us: resuming any other partition rewinds it
    std::set<Partition, PartitionOrder> stopped_;
    bool is_unavailable_ = false;
    bool is_refused_ = false; // a broker refuses our credentials, or we refuse its certificate
    std::string last_error_;  // of a broker, in librdkafka's words
    std::string last_notice_;
};

inline constexpr int kafka_query_timeout_ms = 3'000;

[[nodiscard]] List list_of(std::span<const StartOffset> starts);
/** Nothing: no bytes, as opposed to zero of them. */
[[nodiscard]] std::optional<std::string_view> kafka_bytes(const void *data, std::size_t size);

} // namespace analytics::ingestor
