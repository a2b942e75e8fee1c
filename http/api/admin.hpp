/* The routes of the admin port. /livez: the process answers. /readyz: the database answers too, and no stop was
 * requested. /metrics: for Prometheus. A load balancer takes out a server that is not ready; an orchestrator restarts
 * one that is not live. So what a restart cannot repair must not affect /livez. */
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
