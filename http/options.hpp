/* From the settings to the options of pools and listeners. Figures that are no settings are here, too. */
#pragma once

#include "api/feeds.hpp"
#include "api/pool.hpp"
#include "server/listener.hpp"

#include "../runtime/setting.hpp"

#include <stop_token>

namespace analytics::http {

[[nodiscard]] PoolOptions service_pool(const runtime::Settings &settings);
/** One session with a short deadline, so that neither load nor a frozen server delays a probe. */
[[nodiscard]] PoolOptions probe_pool(const runtime::Settings &settings);

/** For requests under a tenant's key, with the tenants' role. */
[[nodiscard]] PoolOptions tenant_pool(const runtime::Settings &settings);

/** For readers of feeds that wait, and for their watcher: sessions of their own, so that neither they nor other
 * requests wait for one another. */
[[nodiscard]] FeedsOptions feeds_options(const runtime::Settings &settings);
/** stop: then nobody waits for the database any more. */
[[nodiscard]] PoolOptions feed_pool(const runtime::Settings &settings, const std::stop_token &stop);
[[nodiscard]] PoolOptions feed_tenant_pool(const runtime::Settings &settings, const std::stop_token &stop);

[[nodiscard]] ListenerOptions service_listener(const runtime::Settings &settings);
[[nodiscard]] ListenerOptions admin_listener(const runtime::Settings &settings);

} // namespace analytics::http
