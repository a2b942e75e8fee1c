/* --check of feeds: whether this ingestor could publish those that it would, and whether their topics fit.
 *
 * The claims are rehearsed and rolled back. The transaction in Kafka has an id and a group of its own, so it fences
 * nobody, and it is aborted. It commits offsets as publishing does, but no message: that the topic may be written to is
 * what no client can find out without writing. */
#pragma once

#include "../../runtime/observe.hpp"
#include "../../runtime/setting.hpp"

namespace analytics::ingestor {

/** Reports each feed and each fault; whether there was none. Throws runtime::SettingFaults. */
[[nodiscard]] bool check_feeds(const runtime::Settings &settings, runtime::Observer &observe);

} // namespace analytics::ingestor
