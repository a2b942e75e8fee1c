/* Building a projection whose rules are stored.
 *
 * Writers need not stop. The rules are committed first; from then on every statement that begins to write events knows
 * of the projection. Then all transactions are awaited that hold a lock for writing and may have begun without, as
 * CREATE INDEX CONCURRENTLY does; what they wrote is seen by every later snapshot. Then the past is taken in, chunk by
 * chunk with a commit each: in one snapshot, what events say less what bags say already is what the bags lack, and
 * appending that is right whatever others commit meanwhile. An interrupted build is gone on with by calling
 * analytics_build_projection; of two builders, one waits at each chunk until the other has committed. */
#pragma once

#include "../border/extension_schema.hpp"

namespace analytics::pg {

/** Commits what was done so far, then builds. Needs a procedure's call outside a transaction block, and SPI connected. */
void build_projection(const Home &home, const char *name);

} // namespace analytics::pg
