#include "service_manager.hpp"

#include <algorithm>
#include <systemd/sd-daemon.h>
#include <utility>

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

ServiceManager::ServiceManager(const DaemonState &state) : state_(state)
{
    std::uint64_t microseconds = 0;
    if (sd_watchdog_enabled(0, &microseconds) > 0)
        beats_.emplace(std::chrono::microseconds(microseconds) / beats_in_time);
}

void ServiceManager::observe(const Event &event)
{
    if (event.get_if<event::Stopping>() != nullptr) {
        sd_notify(0, "STOPPING=1");
        return;
    }
    const std::lock_guard lock(mutex_);
    const DaemonState::Snapshot now = state_.snapshot();
    if (std::exchange(seen_changes_, now.changes) == now.changes) return;
    const bool begins = event.get_if<event::Started>() != nullptr || event.get_if<event::PartitionsReady>() != nullptr;
    if (begins && now.is_ready) sd_notify(0, "READY=1");
    sd_notify(0, one_line("STATUS=" + now.status).c_str());
}

void ServiceManager::alive()
{
    if (beats_ && beats_->admits(std::chrono::steady_clock::now())) sd_notify(0, "WATCHDOG=1");
}

} // namespace analytics::runtime
