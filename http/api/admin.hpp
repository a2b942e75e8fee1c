/* The admin port's routes: /livez says that the process answers, /readyz that the database does too and no stop was
 * asked for. A balancer takes a server that is not ready out, an orchestrator restarts one that is not live; so what
 * a restart can't mend must not touch /livez. /metrics is Prometheus's. */
#pragma once

#include "../server/task.hpp"
#include "routes.hpp"

#include "../../runtime/metrics.hpp"

namespace analytics::http {

[[nodiscard]] std::span<const Route> admin_routes() noexcept;

/** The admin port's handler, with the metrics that its routes don't know. */
class Admin {
public:
    Admin(BeginRequest handler, const runtime::Metrics &metrics) : handler_(std::move(handler)), metrics_(metrics) {}

    Begun operator()(const Request &request) const;

private:
    BeginRequest handler_;
    const runtime::Metrics &metrics_;
};

} // namespace analytics::http
