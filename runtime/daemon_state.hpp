/* The daemon's state, folded from its events once for all who show it: the service manager, /readyz, metrics.
 * It observes before its readers do. */
#pragma once

#include "observe.hpp"

#include <mutex>
#include <string>

namespace analytics::runtime {

class DaemonState final : public Observer {
public:
    struct Snapshot {
        bool is_database_up = true; // until a call fails
        bool is_kafka_up = true;
        bool is_ready = false; // partitions are being read, or all ports are open
        std::size_t partitions_read = 0;
        std::size_t partitions_stopped = 0;
        std::string status;        // what the daemon does, or waits for and why
        std::uint64_t changes = 0; // events that were about this state
    };

    void observe(const Event &event) override;
    [[nodiscard]] Snapshot snapshot() const;

private:
    void on(const event::Listening &);
    void on(const event::Started &);
    void on(const event::PartitionsReady &ready);
    void on(const event::PartitionStopped &);
    void on(const event::PartitionsRevoked &);
    void on(const event::DatabaseUnavailable &unavailable);
    void on(const event::DatabaseRefused &refused);
    void on(const event::DatabaseRecovered &);
    void on(const event::KafkaUnavailable &unavailable);
    void on(const event::KafkaRecovered &);
    void on(const event::GroupWaiting &waiting);
    void on(const event::GroupOfAnotherStore &other);
    void on(const event::Fault &fault);
    void on(const event::Stopping &);
    template <class Other> void on(const Other &) {}

    void does(std::string activity);
    void does_read();

    mutable std::mutex mutex_; // of what follows
    Snapshot state_;
    bool is_listening_ = false;
    std::string activity_ = "joining the group"; // while nothing is waited for
    std::string database_fault_;
    std::string kafka_fault_;
};

} // namespace analytics::runtime
