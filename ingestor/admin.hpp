/* What the admin port answers: /livez whether the loop turns, /readyz whether partitions are read and both the
 * database and Kafka answer, /metrics what has happened so far.
 *
 * The surprising thing: a sick database or broker makes us unready, never dead. A restart mends neither, and to wait
 * for them is our work. A restart by /livez restarts a loop that hangs, as systemd's watchdog would. */
#pragma once

#include "../runtime/daemon_state.hpp"
#include "../runtime/metrics.hpp"
#include "admin_port.hpp"

#include <atomic>
#include <chrono>

namespace analytics::ingestor {

class Admin final : public runtime::Observer {
public:
    Admin(const runtime::DaemonState &state, const runtime::Metrics &metrics) : state_(state), metrics_(metrics)
    {
        alive();
    }

    [[nodiscard]] std::optional<AdminAnswer> answer(std::string_view path) const;

    void observe(const runtime::Event & /*event*/) override {} // the state does
    void alive() override { alive_at_ = SteadyTime::now().time_since_epoch().count(); }

private:
    using SteadyTime = std::chrono::steady_clock;

    [[nodiscard]] bool is_live() const;

    const runtime::DaemonState &state_;
    const runtime::Metrics &metrics_;
    std::atomic<SteadyTime::rep> alive_at_{};
};

} // namespace analytics::ingestor
