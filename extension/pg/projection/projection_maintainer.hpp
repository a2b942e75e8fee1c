/* Projections: the upkeep that sums up, for each projection that takes an event, what the event says, by bucket and tenant.
 * What a statement has changed is appended to analytics_projection_bags as one bag for each; see bags.hpp. Without projections
 * it does nothing. */
#pragma once

#include "../rollup/maintainer.hpp"

namespace analytics::pg {

Upkeep *make_projection_upkeep(MemoryContext context, const Home &home);

} // namespace analytics::pg
