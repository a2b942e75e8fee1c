/* The maintainer of projections. For each projection it sums up the events that the projection takes, by bucket and
 * tenant. A statement appends to analytics_projection_bags one bag for each bucket and tenant that it has changed;
 * see bags.hpp. */
#pragma once

#include "../rollup/maintainer.hpp"

namespace analytics::pg {

Maintainer *make_projection_maintainer(MemoryContext context, const ExtensionSchema &schema);

} // namespace analytics::pg
