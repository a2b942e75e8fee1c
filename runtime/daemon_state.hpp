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
    // ready
    void on(const event::Listening &) { is_listening_ = true; }
    void on(const event::Started &);
    void on(const event::PartitionsReady &ready);
    void on(const event::PublishingOnly &);
    void on(const event::PartitionStopped &);
    void on(const event::PartitionsRevoked &);
    void on(const event::GroupWaiting &waiting) { does(std::string(waiting.message)); }
    void on(const event::Stopping &) { state_.is_ready = false; }

    // what is waited for
    void on(const event::DatabaseUnavailable &unavailable);
    void on(const event::DatabaseRecovered &) { waits_for({}, database_fault_, state_.is_database_up); }
    void on(const event::KafkaUnavailable &unavailable);
    void on(const event::KafkaRecovered &) { waits_for({}, kafka_fault_, state_.is_kafka_up); }

    // what ends the daemon
    void on(const event::DatabaseRefused &refused);
    void on(const event::GroupOfAnotherStore &other) { fails(other.message); }
    void on(const event::Fault &fault) { fails(fault.message); }

    template <class Other> void on(const Other &) {}

    void does(std::string activity);
    void does_read();
    void fails(std::string_view why);
    void waits_for(std::string fault, std::string &kept, bool &is_up);

    mutable std::mutex mutex_; // of what follows
    Snapshot state_;
    bool is_listening_ = false;
    std::string activity_ = "joining the group"; // while nothing is waited for
    std::string database_fault_;
    std::string kafka_fault_;
};

} // namespace analytics::runtime
