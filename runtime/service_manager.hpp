/* The daemon's state for systemd: sd_notify(3), sd_watchdog_enabled(3). Nothing is sent where we are not a service
 * of Type=notify (no NOTIFY_SOCKET).
 *
 *     READY=1       once the first partitions are being read (partitions_ready), or all ports are open (started)
 *     STATUS=       what `systemctl status` shows: what we read, or what we wait for and why
 *     WATCHDOG=1    four times in WatchdogSec, as long as the loop calls alive(). No thread of its own does it, so a
 *                   loop that hangs is noticed. To wait for a sick database is not to hang: the loop calls alive()
 *     STOPPING=1    once a stop was requested
 *
 * The surprising thing: a status is one line, and text after a newline would be an assignment of its own. So a
 * server's message is put into one line first. */
#pragma once

#include "daemon_state.hpp"
#include "throttle.hpp"

#include <mutex>
#include <optional>

namespace analytics::runtime {

class ServiceManager final : public Observer {
public:
    /** Reads what the service manager left in the environment. The state must observe events before this does. */
    explicit ServiceManager(const DaemonState &state);

    void observe(const Event &event) override;
    void alive() override;

private:
    const DaemonState &state_;
    std::mutex mutex_;               // of what follows but the watchdog's
    std::uint64_t seen_changes_ = 0; // of the state

    std::optional<Throttle> beats_; // nothing: there is no watchdog
};

} // namespace analytics::runtime
