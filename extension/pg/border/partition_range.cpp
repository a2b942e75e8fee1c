#include "partition_range.hpp"

extern "C" {
#include "access/table.h"
#include "catalog/pg_type.h"
#include "partitioning/partbounds.h"
#include "partitioning/partdesc.h"
#include "utils/partcache.h"
}

namespace analytics::pg {
namespace {

TimestampTz bound_at(PartitionBoundInfo bounds, int index)
{
    switch (bounds->kind[index][0]) {
    case PARTITION_RANGE_DATUM_MINVALUE:
        return DT_NOBEGIN;
    case PARTITION_RANGE_DATUM_MAXVALUE:
        return DT_NOEND;
    case PARTITION_RANGE_DATUM_VALUE:
        break;
    }
    return DatumGetTimestampTz(bounds->datums[index][0]);
}

/* Requires a table that is partitioned by range of one timestamptz. */
PartitionKey range_key_of(Relation events)
{
    const PartitionKey key = RelationGetPartitionKey(events);
    if (key == nullptr || key->strategy != PARTITION_STRATEGY_RANGE || key->partnatts != 1 ||
        key->parttypid[0] != TIMESTAMPTZOID)
        ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
                        errmsg("table \"%s\" is not partitioned by range of a timestamp with time zone",
                               RelationGetRelationName(events))));
    return key;
}

/* Bounds cut time into ranges. This is the range below bound number index. */
PartitionRange range_below(PartitionDesc partitions, int index)
{
    const PartitionBoundInfo bounds = partitions->boundinfo;
    const int partition = bounds->indexes[index];
    return {partition < 0 ? InvalidOid : partitions->oids[partition],
            index == 0 ? DT_NOBEGIN : bound_at(bounds, index - 1),
            index == bounds->ndatums ? DT_NOEND : bound_at(bounds, index)};
}

} // namespace

PartitionRange partition_range_at(Relation events, TimestampTz instant)
{
    const PartitionKey key = range_key_of(events);
    const PartitionDesc partitions = RelationGetPartitionDesc(events, true);
    const PartitionBoundInfo bounds = partitions->boundinfo;
    if (bounds == nullptr) return {InvalidOid, DT_NOBEGIN, DT_NOEND};

    Datum value = TimestampTzGetDatum(instant);
    bool is_equal = false;
    const int below = partition_range_datum_bsearch(key->partsupfunc, key->partcollation, bounds, 1, &value, &is_equal);
    PartitionRange range = range_below(partitions, below + 1);
    if (!OidIsValid(range.partition) && bounds->default_index >= 0)
        range.partition = partitions->oids[bounds->default_index];
    return range;
}

PartitionRange partition_range_at(const ExtensionSchema &schema, TimestampTz instant, LOCKMODE lock)
{
    const Relation events = table_open(relation_in(schema, "analytics_events"), lock);
    const PartitionRange range = partition_range_at(events, instant);
    table_close(events, NoLock);
    return range;
}

Partitions partitions_of(Relation events)
{
    range_key_of(events);
    const PartitionDesc partitions = RelationGetPartitionDesc(events, true);
    const PartitionBoundInfo bounds = partitions->boundinfo;
    Partitions all{nullptr, 0, InvalidOid};
    if (bounds == nullptr) return all;
    all.ranges = static_cast<PartitionRange *>(palloc(sizeof(PartitionRange) * (bounds->ndatums + 1)));
    for (int index = 0; index <= bounds->ndatums; ++index) {
        const PartitionRange range = range_below(partitions, index);
        if (OidIsValid(range.partition)) all.ranges[all.count++] = range;
    }
    if (bounds->default_index >= 0) all.default_partition = partitions->oids[bounds->default_index];
    return all;
}

} // namespace analytics::pg
