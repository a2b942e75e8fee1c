/* Rollups: the upkeep that counts events by hour and tenant into analytics_rollup_tenants, and by hour alone into
 * analytics_rollup_totals. What a statement has changed is appended as one bag for each; see bags.hpp. */
#pragma once

#include "maintainer.hpp"

namespace analytics::pg {

Upkeep *make_rollup(MemoryContext context, const Home &home);

} // namespace analytics::pg
