/* What the admin port answers: /livez whether the loop turns, /readyz whether partitions are read and both the
 * database and Kafka answer, /metrics what has happened so far.
 *
 * The surprising thing: a sick database or broker makes us unready, never dead. A restart mends neither, and to wait
 * for them is our work. A restart by /livez restarts a loop that hangs, as systemd's watchdog would. */
#pragma once

#include "../runtime/metrics.hpp"
#include "admin_port.hpp"

#include <atomic>
#include <chrono>

namespace analytics::ingestor {

class Admin final : public runtime::Observer {
public:
    explicit Admin(const runtime::Metrics &metrics) : metrics_(metrics) { alive(); }

    [[nodiscard]] std::optional<AdminAnswer> answer(std::string_view path) const;

    void observe(runtime::Event event, std::span<const runtime::Field> fields) override;
    void alive() override { alive_at_ = SteadyTime::now().time_since_epoch().count(); }

private:
    using SteadyTime = std::chrono::steady_clock;

    [[nodiscard]] bool is_live() const;

    const runtime::Metrics &metrics_;
    std::atomic<SteadyTime::rep> alive_at_{};
    std::atomic<bool> is_reading_{false};
    std::atomic<bool> is_database_up_{true};
    std::atomic<bool> is_kafka_up_{true};
};

} // namespace analytics::ingestor
