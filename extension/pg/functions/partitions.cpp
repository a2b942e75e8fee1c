/* _analytics_partition_at, analytics_partitions: the partitions of analytics_events, and the gaps between them.
 * analytics_create_partition makes one. */

#include "../ingest/partitions.hpp"
#include "../border/arguments.hpp"
#include "../border/extension_schema.hpp"
#include "../border/partition_range.hpp"
#include "../border/result_set.hpp"
#include "../border/times.hpp"

extern "C" {
#include "access/table.h"
#include "executor/spi.h"
}

namespace analytics::pg {
namespace {

Datum created_partition(FunctionCallInfo fcinfo, const core::PartitionLength *length)
{
    const TimestampTz instant = PG_GETARG_TIMESTAMPTZ(0);
    if (!in_range(instant))
        ereport(ERROR,
                (errcode(ERRCODE_DATETIME_FIELD_OVERFLOW), errmsg("an event must lie in the years 0001 to 9999")));
    const ExtensionSchema schema = schema_of(fcinfo);
    if (SPI_connect() != SPI_OK_CONNECT) elog(ERROR, "could not connect to SPI");
    const Oid partition = create_partition(schema, instant, length);
    SPI_finish();
    return ObjectIdGetDatum(partition);
}

} // namespace
} // namespace analytics::pg

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

ANALYTICS_FUNCTION(analytics_create_partition)
{
    return analytics::pg::created_partition(fcinfo, nullptr);
}

ANALYTICS_FUNCTION(analytics_create_partition_of_length)
{
    using namespace analytics;
    const Interval &interval = *PG_GETARG_INTERVAL_P(1);
    const std::optional<core::PartitionLength> length =
        core::PartitionLength::of_interval(interval.month, interval.day, interval.time);
    if (!length)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("partition_interval must be a positive whole number of minutes or of months, "
                               "at most %d years",
                               core::longest_bucket_years)));
    return pg::created_partition(fcinfo, &*length);
}
