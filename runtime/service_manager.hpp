/* What systemd is told about the daemon: sd_notify(3), sd_watchdog_enabled(3). Where nobody started us as a notifying
 * service (no NOTIFY_SOCKET), all of it is silence.
 *
 *     READY=1       once the first partitions are being read (partitions_ready), or all ports are open (started)
 *     STATUS=       what the operator sees in `systemctl status`: reading, or whom we wait for and why
 *     WATCHDOG=1    as long as the loop says alive(), four times in WatchdogSec. No thread of its own does it, so a loop
 *                   that hangs is noticed; and waiting for a sick database, within a turn too, is not hanging
 *     STOPPING=1    once a stop was asked for
 *
 * The surprising thing: a status is one line, and what follows a newline would be an assignment of its own, so a
 * server's message is flattened first. */
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
    void say(std::string status);
    [[nodiscard]] std::string reading() const;

    std::mutex mutex_;                       // of what follows but the watchdog's
    std::string work_ = "joining the group"; // what we do while all is well
    bool is_listening_ = false;
    std::int64_t partitions_ = 0; // being read
    std::int64_t stopped_ = 0;
    std::string database_fault_;
    std::string kafka_fault_;

    std::optional<Throttle> beats_; // nothing: no watchdog is wanted
};

} // namespace analytics::runtime
