#include "partitions.hpp"

#include "statement.hpp"
#include "times.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
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

/* Of the ranges that the bounds cut time into, the one below bound number index. */
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

    run_statement(home_, "SELECT %sanalytics_create_partition($1)", {{TIMESTAMPTZOID, TimestampTzGetDatum(instant)}});
    known_ = look_up(instant);
}

} // namespace analytics::pg

ANALYTICS_FUNCTION(analytics_partition_at)
{
    using namespace analytics::pg;
    TupleDesc description = nullptr;
    if (get_call_result_type(fcinfo, nullptr, &description) != TYPEFUNC_COMPOSITE)
        elog(ERROR, "return type must be a row type");

    const TimestampTz instant = PG_GETARG_TIMESTAMPTZ(0);
    const Relation events = table_open(relation_at(home_of(fcinfo), "analytics_events"), AccessShareLock);
    const PartitionRange range = partition_range_at(events, instant);
    table_close(events, NoLock);

    const bool in_gap = !OidIsValid(range.partition);
    Datum values[] = {ObjectIdGetDatum(range.partition), TimestampTzGetDatum(range.start),
                      TimestampTzGetDatum(range.end)};
    bool nulls[] = {in_gap, !in_gap, !in_gap};
    return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(description), values, nulls));
}

ANALYTICS_FUNCTION(analytics_partitions)
{
    using namespace analytics::pg;
    InitMaterializedSRF(fcinfo, 0);
    auto *const result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    const Relation events = table_open(relation_at(home_of(fcinfo), "analytics_events"), AccessShareLock);
    range_key_of(events);
    const PartitionDesc partitions = RelationGetPartitionDesc(events, true);
    const auto put = [&](const PartitionRange &range, bool is_default) {
        Datum values[] = {ObjectIdGetDatum(range.partition), TimestampTzGetDatum(range.start),
                          TimestampTzGetDatum(range.end)};
        bool nulls[] = {false, is_default, is_default};
        tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
    };
    if (const PartitionBoundInfo bounds = partitions->boundinfo; bounds != nullptr) {
        for (int index = 0; index <= bounds->ndatums; ++index) {
            const PartitionRange range = range_below(partitions, index);
            if (OidIsValid(range.partition)) put(range, false);
        }
        if (bounds->default_index >= 0) put({partitions->oids[bounds->default_index], 0, 0}, true);
    }
    table_close(events, NoLock);
    return {};
}
