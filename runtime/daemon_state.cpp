#include "daemon_state.hpp"

#include <fmt/format.h>

namespace analytics::runtime {

void DaemonState::observe(const Event &event)
{
    const std::lock_guard lock(mutex_);
    std::visit([this](const auto &one) { on(one); }, event);
}

DaemonState::Snapshot DaemonState::snapshot() const
{
    const std::lock_guard lock(mutex_);
    Snapshot now = state_;
    now.status = !database_fault_.empty() ? database_fault_ : !kafka_fault_.empty() ? kafka_fault_ : activity_;
    return now;
}

// ---- ready -------------------------------------------------------------------------------------------------------

void DaemonState::on(const event::Listening &)
{
    is_listening_ = true;
}

/* analytics-http has started when all its ports are open; the ingestor opens its port later. */
void DaemonState::on(const event::Started &)
{
    state_.is_ready = is_listening_;
    does(is_listening_ ? "answering requests" : activity_);
}

void DaemonState::on(const event::PartitionsReady &ready)
{
    state_.is_ready = true;
    state_.partitions_read = ready.partitions;
    state_.partitions_stopped = ready.stopped;
    does_read();
}

void DaemonState::on(const event::PartitionStopped &)
{
    if (state_.partitions_read == 0) return; // partitions_ready will count it
    --state_.partitions_read;
    ++state_.partitions_stopped;
    does_read();
}

void DaemonState::on(const event::PartitionsRevoked &)
{
    state_.is_ready = false;
    state_.partitions_read = state_.partitions_stopped = 0;
    does("waiting for the group to assign partitions");
}

void DaemonState::on(const event::GroupWaiting &waiting)
{
    does(std::string(waiting.message));
}

void DaemonState::on(const event::Stopping &)
{
    state_.is_ready = false;
}

// ---- what is waited for ------------------------------------------------------------------------------------------

void DaemonState::on(const event::DatabaseUnavailable &unavailable)
{
    state_.is_database_up = false;
    ++state_.changes;
    database_fault_ = fmt::format("waiting for the database: {} ({})", unavailable.message, unavailable.sqlstate);
}

void DaemonState::on(const event::DatabaseRecovered &)
{
    state_.is_database_up = true;
    ++state_.changes;
    database_fault_.clear();
}

void DaemonState::on(const event::KafkaUnavailable &unavailable)
{
    state_.is_kafka_up = false;
    ++state_.changes;
    kafka_fault_ = fmt::format("waiting for Kafka: {}", unavailable.message);
}

void DaemonState::on(const event::KafkaRecovered &)
{
    state_.is_kafka_up = true;
    ++state_.changes;
    kafka_fault_.clear();
}

// ---- what ends the daemon ----------------------------------------------------------------------------------------

void DaemonState::on(const event::DatabaseRefused &refused)
{
    state_.is_database_up = false;
    does(fmt::format("failed: {}", refused.message));
}

void DaemonState::on(const event::GroupOfAnotherStore &other)
{
    does(fmt::format("failed: {}", other.message));
}

void DaemonState::on(const event::Fault &fault)
{
    does(fmt::format("failed: {}", fault.message));
}

void DaemonState::does(std::string activity)
{
    activity_ = std::move(activity);
    ++state_.changes;
}

void DaemonState::does_read()
{
    const std::string stopped = state_.partitions_stopped == 0
                                    ? std::string()
                                    : fmt::format(", {} stopped: see the log", state_.partitions_stopped);
    does(fmt::format("reading {} partitions{}", state_.partitions_read, stopped));
}

} // namespace analytics::runtime
