/* PostgreSQL's time zones in the core's form. */
#pragma once

#include "../../core/zone.hpp"
#include "../border/extension_schema.hpp"

namespace analytics::pg {

/** The zone's wall clock over the range and one bucket around it; the memory context owns it. The name is one of the tz
 * database, or an ISO 8601 offset, where plus is east. Anything else is SQLSTATE 22023. */
const core::Zone &zone_around(MemoryContext context, const text *name, const core::Bucket &bucket, core::Instant start,
                              core::Instant end);

} // namespace analytics::pg
