#include "partitions.hpp"

#include "../border/statement.hpp"

extern "C" {
#include "access/table.h"
#include "catalog/pg_type.h"
}

namespace analytics::pg {

PartitionRange PartitionKeeper::look_up(TimestampTz instant) const
{
    const Relation events = table_open(events_, RowExclusiveLock);
    const PartitionRange range = partition_range_at(events, instant);
    table_close(events, NoLock);
    return range;
}

void PartitionKeeper::require(TimestampTz instant)
{
    if (known_.holds(instant)) return;
    known_ = look_up(instant);
    if (OidIsValid(known_.partition)) return;

    run_statement(schema_, "SELECT %sanalytics_create_partition($1)", {{TIMESTAMPTZOID, TimestampTzGetDatum(instant)}});
    known_ = look_up(instant);
}

} // namespace analytics::pg
