/* What the admin port answers: /livez says that the loop turns, /readyz that partitions are read and that both ends
 * answer, /metrics what happened so far.
 *
 * The surprising thing: a sick database or broker makes us unready, never dead. Being started again mends neither, and
 * waiting for them is our work; who restarts by /livez restarts a loop that hangs, as systemd's watchdog would. */
#pragma once

#include "../runtime/admin_port.hpp"
#include "../runtime/metrics.hpp"

#include <atomic>
#include <chrono>

namespace analytics::ingestor {

class Admin final : public runtime::Observer {
public:
    explicit Admin(const runtime::Metrics &metrics) : metrics_(metrics) { alive(); }

    [[nodiscard]] std::optional<runtime::AdminAnswer> answer(std::string_view path) const;

    void observe(runtime::Event event, std::span<const runtime::Field> fields) override;
    void alive() override { alive_at_ = Clock::now().time_since_epoch().count(); }

private:
    using Clock = std::chrono::steady_clock;

    [[nodiscard]] bool is_live() const;

    const runtime::Metrics &metrics_;
    std::atomic<Clock::rep> alive_at_{};
    std::atomic<bool> is_reading_{false};
    std::atomic<bool> is_database_up_{true};
    std::atomic<bool> is_kafka_up_{true};
};

} // namespace analytics::ingestor
