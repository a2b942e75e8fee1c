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

#include <memory>

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
    struct Handle; // kafka_handle.hpp
    std::unique_ptr<Handle> handle_;
};

} // namespace analytics::ingestor
