#include "partitions.hpp"

#include "times.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
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

} // namespace

PartitionRange partition_range_at(Relation events, TimestampTz instant)
{
    const PartitionKey key = RelationGetPartitionKey(events);
    if (key == nullptr || key->strategy != PARTITION_STRATEGY_RANGE || key->partnatts != 1 ||
        key->parttypid[0] != TIMESTAMPTZOID)
        ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
                        errmsg("table \"%s\" is not partitioned by range of a timestamp with time zone",
                               RelationGetRelationName(events))));

    const PartitionDesc partitions = RelationGetPartitionDesc(events, true);
    const PartitionBoundInfo bounds = partitions->boundinfo;
    if (bounds == nullptr) return {InvalidOid, DT_NOBEGIN, DT_NOEND};

    Datum value = TimestampTzGetDatum(instant);
    bool is_equal = false;
    const int below = partition_range_datum_bsearch(key->partsupfunc, key->partcollation, bounds, 1, &value, &is_equal);
    int index = bounds->indexes[below + 1];
    if (index < 0) index = bounds->default_index;
    return {index < 0 ? InvalidOid : partitions->oids[index], below < 0 ? DT_NOBEGIN : bound_at(bounds, below),
            below + 1 < bounds->ndatums ? bound_at(bounds, below + 1) : DT_NOEND};
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

    constexpr int parameters = 1;
    Oid types[parameters] = {TIMESTAMPTZOID};
    Datum values[parameters] = {TimestampTzGetDatum(instant)};
    const int outcome = SPI_execute_with_args(psprintf("SELECT %sanalytics_create_partition($1)", home_.prefix),
                                              parameters, types, values, nullptr, false, 0);
    if (outcome != SPI_OK_SELECT) elog(ERROR, "analytics_create_partition failed: %s", SPI_result_code_string(outcome));
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
