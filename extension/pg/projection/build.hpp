/* Building a projection whose rules are stored, while others write.
 *
 * The rules are committed first. From then on every statement that begins to write events keeps the projection. Then
 * all transactions are awaited that hold a lock for writing and may have begun before, as CREATE INDEX CONCURRENTLY
 * does. Every later snapshot shows what they wrote. Then the past is added, chunk by chunk, with a commit each. In one
 * snapshot, the cells of the events minus the cells of the bags are what the bags are missing. Appending that is right
 * whatever others commit meanwhile. An interrupted build is continued by analytics_build_projection. Of two builders,
 * one waits at each chunk until the other has committed. */
#pragma once

#include "../border/extension_schema.hpp"

namespace analytics::pg {

/** Commits the current transaction, then builds. Only for a procedure that was called outside a transaction block, with
 * SPI connected as nonatomic. */
void build_projection(const ExtensionSchema &schema, const char *name);

} // namespace analytics::pg
