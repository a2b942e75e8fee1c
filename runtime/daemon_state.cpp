#include "daemon_state.hpp"

#include <fmt/format.h>

namespace analytics::runtime {

void DaemonState::observe(const Event &event)
{
    const std::lock_guard lock(mutex_);
    event.visit([this](const auto &one) { on(one); });
}

DaemonState::Snapshot DaemonState::snapshot() const
{
    const std::lock_guard lock(mutex_);
    Snapshot now = state_;
    now.status = !database_fault_.empty() ? database_fault_ : !kafka_fault_.empty() ? kafka_fault_ : activity_;
    return now;
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

void DaemonState::on(const event::PublishingOnly &)
{
    state_.is_ready = true;
    does("publishing feeds and dead letters");
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

void DaemonState::on(const event::DatabaseUnavailable &unavailable)
{
    waits_for(fmt::format("waiting for the database: {} ({})", unavailable.message, unavailable.sqlstate),
              database_fault_, state_.is_database_up);
}

void DaemonState::on(const event::KafkaUnavailable &unavailable)
{
    waits_for(fmt::format("waiting for Kafka: {}", unavailable.message), kafka_fault_, state_.is_kafka_up);
}

void DaemonState::on(const event::DatabaseRefused &refused)
{
    state_.is_database_up = false;
    fails(refused.message);
}

void DaemonState::waits_for(std::string fault, std::string &kept, bool &is_up)
{
    is_up = fault.empty();
    kept = std::move(fault);
    ++state_.changes;
}

void DaemonState::fails(std::string_view why)
{
    does(fmt::format("failed: {}", why));
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
