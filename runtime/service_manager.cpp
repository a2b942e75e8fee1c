#include "service_manager.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <systemd/sd-daemon.h>

namespace analytics::runtime {
namespace {

constexpr int beats_in_time = 4; // in WatchdogSec: one or two may be late

std::string one_line(std::string line)
{
    std::replace_if(
        line.begin(), line.end(), [](unsigned char c) { return c < ' '; }, ' ');
    return line;
}

} // namespace

ServiceManager::ServiceManager()
{
    std::uint64_t microseconds = 0;
    if (sd_watchdog_enabled(0, &microseconds) > 0)
        beats_.emplace(std::chrono::microseconds(microseconds) / beats_in_time);
}

void ServiceManager::observe(Event event, std::span<const Field> fields)
{
    const std::lock_guard lock(mutex_);
    switch (event) {
    case Event::listening:
        is_listening_ = true;
        return;
    case Event::started:
        if (!is_listening_) break;
        work_ = "answering requests"; // analytics-http has started when all its ports are open
        sd_notify(0, "READY=1");
        break;
    case Event::partitions_ready:
        partitions_ = static_cast<std::int64_t>(number(fields, "partitions").value_or(0));
        stopped_ = static_cast<std::int64_t>(number(fields, "stopped").value_or(0));
        work_ = reading();
        sd_notify(0, "READY=1");
        break;
    case Event::partition_stopped:
        if (partitions_ == 0) return; // partitions_ready will count it
        --partitions_;
        ++stopped_;
        work_ = reading();
        break;
    case Event::partitions_revoked:
        partitions_ = 0;
        work_ = "waiting for the group to assign partitions";
        break;
    case Event::database_unavailable:
        database_fault_ =
            fmt::format("waiting for the database: {} ({})", text(fields, "message"), text(fields, "sqlstate"));
        break;
    case Event::database_recovered:
        database_fault_.clear();
        break;
    case Event::kafka_unavailable:
        kafka_fault_ = fmt::format("waiting for Kafka: {}", text(fields, "message"));
        break;
    case Event::kafka_recovered:
        kafka_fault_.clear();
        break;
    case Event::group_waiting:
        work_ = text(fields, "message");
        break;
    case Event::fault:
    case Event::group_of_another_store:
    case Event::database_refused:
        work_ = fmt::format("failed: {}", text(fields, "message"));
        break;
    case Event::stopping:
        sd_notify(0, "STOPPING=1");
        return;
    default:
        return;
    }
    notify(!database_fault_.empty() ? database_fault_ : !kafka_fault_.empty() ? kafka_fault_ : work_);
}

std::string ServiceManager::reading() const
{
    return fmt::format("reading {} partitions{}", partitions_,
                       stopped_ == 0 ? "" : fmt::format(", {} stopped: see the log", stopped_));
}

void ServiceManager::notify(std::string status)
{
    sd_notify(0, one_line("STATUS=" + std::move(status)).c_str());
}

void ServiceManager::alive()
{
    if (beats_ && beats_->admits(std::chrono::steady_clock::now())) sd_notify(0, "WATCHDOG=1");
}

} // namespace analytics::runtime
