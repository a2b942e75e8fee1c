/* From the settings to what pools and listeners are made with; the figures that are no settings stand here. */
#pragma once

#include "api/pool.hpp"
#include "server/listener.hpp"

#include "../runtime/setting.hpp"

namespace analytics::http {

[[nodiscard]] PoolOptions service_pool(const runtime::Settings &settings);
/** One session with a short deadline, so that neither load nor a frozen server keeps a probe from its answer. */
[[nodiscard]] PoolOptions probe_pool(const runtime::Settings &settings);

/** For requests under keys of one tenant, as another role. */
[[nodiscard]] PoolOptions tenant_pool(const runtime::Settings &settings);

[[nodiscard]] ListenerOptions service_listener(const runtime::Settings &settings);
[[nodiscard]] ListenerOptions admin_listener(const runtime::Settings &settings);

} // namespace analytics::http
