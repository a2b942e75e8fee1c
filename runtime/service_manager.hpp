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

#include "observe.hpp"
#include "throttle.hpp"

#include <mutex>
#include <optional>
#include <string>

namespace analytics::runtime {

class ServiceManager final : public Observer {
public:
    /** Reads what the service manager left in the environment. */
    ServiceManager();

    void observe(Event event, std::span<const Field> fields) override;
    void alive() override;

private:
    static void notify(std::string status);
    [[nodiscard]] std::string reading() const;

    std::mutex mutex_;                       // of what follows but the watchdog's
    std::string work_ = "joining the group"; // while all is well
    bool is_listening_ = false;
    std::int64_t partitions_ = 0; // being read
    std::int64_t stopped_ = 0;
    std::string database_fault_;
    std::string kafka_fault_;

    std::optional<Throttle> beats_; // nothing: there is no watchdog
};

} // namespace analytics::runtime
