/* Time zones as PostgreSQL knows them, for the core. */
#pragma once

#include "../../core/zone.hpp"
#include "../border/extension_schema.hpp"

namespace analytics::pg {

/** The zone's wall clock around the range, with a bucket to spare; belongs to the memory context. The name is one of the tz
 * database's, or an ISO 8601 offset, which is east; anything else is SQLSTATE 22023. */
const core::Zone &zone_around(MemoryContext context, const text *name, const core::Bucket &bucket, core::Instant start,
                              core::Instant end);

} // namespace analytics::pg
