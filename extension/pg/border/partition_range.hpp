/* Which times of analytics_events have a partition, from the table's partition descriptor. PostgreSQL phases. */
#pragma once

#include "extension_schema.hpp"

extern "C" {
#include "storage/lockdefs.h"
#include "utils/rel.h"
}

namespace analytics::pg {

/** The range [start, end) around an instant: of its partition, or of the gap between partitions that it lies in. */
struct PartitionRange {
    Oid partition; // InvalidOid in a gap
    TimestampTz start;
    TimestampTz end;

    [[nodiscard]] bool holds(TimestampTz instant) const noexcept { return instant >= start && instant < end; }
};

/** The table must be open, and partitioned by range of one timestamptz. */
PartitionRange partition_range_at(Relation events, TimestampTz instant);

/** Opens analytics_events for it; the lock is kept. */
PartitionRange partition_range_at(const ExtensionSchema &schema, TimestampTz instant, LOCKMODE lock = AccessShareLock);

/** All partitions, in the order of time. Lives in the current memory context. */
struct Partitions {
    PartitionRange *ranges;
    int count;             // of ranges
    Oid default_partition; // InvalidOid without one
};

Partitions partitions_of(Relation events);

} // namespace analytics::pg
