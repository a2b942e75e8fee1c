/* The admin port's routes: /livez says that the process answers, /readyz that the database does too and no stop was
 * asked for. A balancer takes a server that is not ready out, an orchestrator restarts one that is not live; so what
 * a restart can't mend must not touch /livez. */
#pragma once

#include "routes.hpp"

namespace analytics::http {

[[nodiscard]] std::span<const Route> admin_routes() noexcept;

} // namespace analytics::http
