/* The maintainer of rollups. It counts events by hour and tenant in analytics_rollup_tenants, and by hour in
 * analytics_rollup_totals. A statement appends one bag for each hour, or hour and tenant, that it has changed; see
 * bags.hpp. */
#pragma once

#include "../../core/tally.hpp"
#include "maintainer.hpp"

namespace analytics::pg {

Maintainer *make_rollup_maintainer(MemoryContext context, const ExtensionSchema &schema);

/** Replaces the bags of an hour by their sum, and returns how many bags fewer there are. tenant: nullptr in the totals.
 * A sum without counts is kept only if its last ingestion is not older than the newest one. Works in the context. */
std::int64_t fold_hour(MemoryContext context, const ExtensionSchema &schema, TimestampTz hour,
                       const core::Tenant *tenant, TimestampTz newest);

} // namespace analytics::pg
