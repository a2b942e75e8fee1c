/* Which times of analytics_events have a partition: asked of the table's own partition descriptor. */
#pragma once

#include "home.hpp"

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

/** Makes sure that each of the instants, given in order, has a partition: partitions are made by analytics_create_partition, through SPI. */
class PartitionKeeper {
public:
    explicit PartitionKeeper(const Home &home) : home_(home), events_(relation_at(home, "analytics_events")) {}
    void require(TimestampTz instant);

private:
    [[nodiscard]] PartitionRange look_up(TimestampTz instant) const;

    const Home &home_;
    Oid events_;
    PartitionRange known_{InvalidOid, 0, 0};
};

} // namespace analytics::pg
