/* The maintainer of what feeds of counts get: the minutes, by type and tenant, whose number of events a statement has
 * changed, as far as a feed wants them. The bags have the numbers, and a reader adds them up. See doc/design/feeds.md.
 *
 * A statement appends one row a tenant, or more where it has changed many minutes of a tenant. */
#pragma once

#include "../rollup/maintainer.hpp"

namespace analytics::pg {

/** nullptr while there is no feed of counts. */
Maintainer *make_counts_maintainer(MemoryContext context, const ExtensionSchema &schema);

} // namespace analytics::pg
