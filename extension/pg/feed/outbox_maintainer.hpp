/* The maintainer of the outbox: analytics_outbox has the keys of the events that statements have inserted, updated or
 * deleted, as far as a feed wants them. See doc/design/feeds.md.
 *
 * A statement appends one row a tenant, or more where it has changed many events of a tenant. Each row gets a number,
 * which is drawn after its events were changed and before the transaction commits. */
#pragma once

#include "../rollup/maintainer.hpp"

namespace analytics::pg {

/** nullptr while there is no feed. */
Maintainer *make_outbox_maintainer(MemoryContext context, const ExtensionSchema &schema);

} // namespace analytics::pg
