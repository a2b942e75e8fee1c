/* Partitions of analytics_events, made where events need them. core/partition_plan says which ranges they get.
 *
 * A table is made first and attached then, so neither readers nor writers wait. A session that makes partitions locks
 * analytics_events against others that would, to the end of the transaction, and looks again. So two sessions never
 * choose overlapping ranges. A batch plans all of its partitions at once. PostgreSQL phases; SPI must be connected. */
#pragma once

#include "../../core/partition_length.hpp"
#include "../border/extension_schema.hpp"
#include "row.hpp"

namespace analytics::pg {

/** Makes sure that each row has a partition. The rows must be in the order of time. The caller needs the right to
 * execute analytics_create_partition(timestamptz), and the work is done with the rights of its owner. */
void require_partitions(const ExtensionSchema &schema, const Row *begin, const Row *end);

/** The partition of an instant in the years 0001 to 9999, made if there is none; of the length if one is given. The
 * work is done with the rights of the current user. */
Oid create_partition(const ExtensionSchema &schema, TimestampTz instant, const core::PartitionLength *length);

} // namespace analytics::pg
