/* _analytics_partition_at, _analytics_partitions: the partitions of analytics_events, and the gaps between them. */

#include "../border/arguments.hpp"
#include "../border/extension_schema.hpp"
#include "../border/partition_range.hpp"
#include "../border/result_set.hpp"

extern "C" {
#include "access/table.h"
}

ANALYTICS_FUNCTION(analytics_partition_at)
{
    using namespace analytics::pg;
    const TupleDesc type = result_type(fcinfo);
    const TimestampTz instant = PG_GETARG_TIMESTAMPTZ(0);
    const PartitionRange range = partition_range_at(schema_of(fcinfo), instant);
    const bool in_gap = !OidIsValid(range.partition);
    Datum values[] = {ObjectIdGetDatum(range.partition), TimestampTzGetDatum(range.start),
                      TimestampTzGetDatum(range.end)};
    bool nulls[] = {in_gap, !in_gap, !in_gap};
    return row_of(type, values, nulls);
}

ANALYTICS_FUNCTION(analytics_partitions)
{
    using namespace analytics::pg;
    ResultSet result{fcinfo};
    const Relation events = table_open(relation_in(schema_of(fcinfo), "analytics_events"), AccessShareLock);
    const Partitions partitions = partitions_of(events);
    table_close(events, NoLock);

    for (int i = 0; i < partitions.count; ++i) {
        const PartitionRange &range = partitions.ranges[i];
        Datum values[] = {ObjectIdGetDatum(range.partition), TimestampTzGetDatum(range.start),
                          TimestampTzGetDatum(range.end)};
        bool nulls[] = {false, false, false};
        result.put(values, nulls);
    }
    if (OidIsValid(partitions.default_partition)) {
        Datum values[] = {ObjectIdGetDatum(partitions.default_partition), {}, {}};
        bool nulls[] = {false, true, true};
        result.put(values, nulls);
    }
    return {};
}
