/* Which times of analytics_events have a partition: asked of the table's own partition descriptor. PostgreSQL phases. */
#pragma once

#include "postgres.hpp"

extern "C" {
#include "utils/rel.h"
}

namespace analytics::pg {

/** The range around an instant: [start, end), of its partition or, without one, of the gap that a new one may fill. */
struct PartitionRange {
    Oid partition; // InvalidOid in a gap
    TimestampTz start;
    TimestampTz end;

    [[nodiscard]] bool holds(TimestampTz instant) const noexcept { return instant >= start && instant < end; }
};

/** Requires a table that is partitioned by range of one timestamptz, and open. */
PartitionRange partition_range_at(Relation events, TimestampTz instant);

/** All partitions, in the order of time. Lives in the current memory context. */
struct Partitions {
    PartitionRange *ranges;
    int count;             // of ranges
    Oid default_partition; // InvalidOid without one
};

Partitions partitions_of(Relation events);

} // namespace analytics::pg
