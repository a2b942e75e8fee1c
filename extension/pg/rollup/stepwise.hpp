/* What a procedure needs that makes something from the events in steps, while others write: each step is a transaction,
 * and the first one awaits those who have written without knowing of it. PostgreSQL phases; SPI must be connected. */
#pragma once

#include "../border/extension_schema.hpp"

namespace analytics::pg {

/** Commits, and begins a transaction at READ COMMITTED. Each statement must see what others have committed before it:
 * else two sessions that do the same work would do it twice. */
void next_step();

/** Awaits the end of all transactions that hold a lock for writing on the table or a partition, as CREATE INDEX
 * CONCURRENTLY does. Nobody waits for this. */
void await_writers(const ExtensionSchema &schema, const char *table);

/** The same for analytics_events. */
void await_event_writers(const ExtensionSchema &schema);

} // namespace analytics::pg
