/* The maintainer of rollups. It counts events by hour and tenant in analytics_rollup_tenants, and by hour in
 * analytics_rollup_totals. A statement appends one bag for each hour, or hour and tenant, that it has changed; see
 * bags.hpp. */
#pragma once

#include "maintainer.hpp"

namespace analytics::pg {

Maintainer *make_rollup_maintainer(MemoryContext context, const ExtensionSchema &schema);

} // namespace analytics::pg
