/* Records from Kafka: the Consumer that librdkafka drives. Nobody else includes it.
 *
 * One consumer_poll loop; rebalances are noted by the callback and handed out by poll like everything else, so that
 * the loop answers them when it has no batch half written. The database's offsets are given to assign; librdkafka's own
 * reset policy is "error", since where to start is decided in run. Made of librdkafka 2.0's known faults: no batch
 * consuming, no cooperative assignor, no seek, our own account of what is paused, a deadline on close. */
#pragma once

#include "../runtime/observe.hpp"
#include "../runtime/setting.hpp"
#include "ports.hpp"

#include <memory>

namespace analytics::ingestor {

class KafkaConsumer final : public Consumer {
public:
    /** Connects lazily; the settings must live as long. Throws runtime::SettingFaults when librdkafka refuses the settings as a whole. */
    KafkaConsumer(const runtime::Settings &settings, runtime::Observer &observe);
    ~KafkaConsumer() override;
    KafkaConsumer(const KafkaConsumer &) = delete;
    KafkaConsumer &operator=(const KafkaConsumer &) = delete;

    /** Joins the group. */
    void subscribe();

    /** From any thread: the poll that waits returns at once, or else the next one that would. */
    void wake();

    /** Asks the brokers who they are: what is wrong, or nothing. */
    [[nodiscard]] std::string reachability_fault(Milliseconds timeout);

    Delivery poll(Milliseconds timeout) override;
    std::optional<Watermarks> watermarks(const Partition &partition) override;
    std::optional<std::int64_t> last_high_watermark(const Partition &partition) override;
    std::optional<std::int64_t> readable_after(const Partition &partition, std::int64_t offset,
                                               std::int64_t broken_offset, std::int64_t end) override;
    void assign(std::span<const Start> starts) override;
    void unassign() override;
    void stop(const Partition &partition) override;
    void pause() override;
    void resume() override;
    void mark_done(const Partition &partition, std::int64_t next_offset) override;
    bool commit(std::span<const Start> offsets) override;
    void sign(const std::string &metadata) override;
    std::optional<std::vector<GroupOffset>> group_offsets() override;
    std::optional<OtherMembers> other_members() override;
    void rejoin() override;
    void close() override;

private:
    struct Handle;
    std::unique_ptr<Handle> handle_;
};

} // namespace analytics::ingestor
