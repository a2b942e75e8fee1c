#include "freshness.hpp"

#include "../../core/bag.hpp"
#include "../../core/count.hpp"
#include "../border/boundary.hpp"
#include "../border/partition_range.hpp"
#include "../border/saved_statement.hpp"

extern "C" {
#include "access/table.h"
#include "catalog/pg_type.h"
}

namespace analytics::pg {
namespace {

using Planned = SavedStatement::Planned;

SavedStatement totals_newest{"SELECT (SELECT pg_catalog.max(hour) FROM %sanalytics_rollup_totals "
                             "WHERE hour OPERATOR(pg_catalog.<) $1), "
                             "(SELECT pg_catalog.max(last_ingested_at) FROM %sanalytics_rollup_totals)",
                             Planned::once,
                             {TIMESTAMPTZOID}};

SavedStatement tenants_newest{"SELECT (SELECT pg_catalog.max(hour) FROM %sanalytics_rollup_tenants "
                              "WHERE hour OPERATOR(pg_catalog.<) $1), "
                              "(SELECT pg_catalog.max(last_ingested_at) FROM %sanalytics_rollup_tenants)",
                              Planned::once,
                              {TIMESTAMPTZOID}};

SavedStatement one_tenants_newest{"SELECT (SELECT pg_catalog.max(hour) FROM %sanalytics_rollup_tenants "
                                  "WHERE hour OPERATOR(pg_catalog.<) $1 AND tenant_id OPERATOR(pg_catalog.=) $2), "
                                  "(SELECT pg_catalog.max(last_ingested_at) FROM %sanalytics_rollup_tenants "
                                  "WHERE tenant_id OPERATOR(pg_catalog.=) $2)",
                                  Planned::once,
                                  {TIMESTAMPTZOID, TEXTOID}};

SavedStatement events_newest{"SELECT pg_catalog.max(occurred_at), pg_catalog.max(ingested_at) "
                             "FROM %sanalytics_events WHERE occurred_at OPERATOR(pg_catalog.<) $1 "
                             "AND ($2 IS NULL OR tenant_id OPERATOR(pg_catalog.=) $2)",
                             Planned::each_time,
                             {TIMESTAMPTZOID, TEXTOID}};

SavedStatement newest_event{"SELECT occurred_at, NULL::pg_catalog.timestamptz FROM %sanalytics_events "
                            "WHERE occurred_at OPERATOR(pg_catalog.<) $1 AND occurred_at OPERATOR(pg_catalog.>=) $2 "
                            "AND ($3 IS NULL OR tenant_id OPERATOR(pg_catalog.=) $3) "
                            "ORDER BY occurred_at USING OPERATOR(pg_catalog.>) LIMIT 1",
                            Planned::each_time,
                            {TIMESTAMPTZOID, TIMESTAMPTZOID, TEXTOID}};

constexpr char there = ' '; // the parameter has a value
constexpr char null = 'n';

/* Reads one row of two times. */
struct Times {
    static constexpr ReadColumn columns[] = {{"newest event", TIMESTAMPTZOID, Nulls::allowed},
                                             {"newest ingestion", TIMESTAMPTZOID, Nulls::allowed}};

    TimestampTz values[std::size(columns)];
    bool known[std::size(columns)];

    bool receive(TupleTableSlot *row)
    {
        for (std::size_t i = 0; i < std::size(columns); ++i) {
            known[i] = !row->tts_isnull[i];
            values[i] = known[i] ? DatumGetTimestampTz(row->tts_values[i]) : 0;
        }
        return false;
    }
};

Times times_of(SavedStatement &statement, const ExtensionSchema &schema, const Datum *values, const char *nulls)
{
    Times times{};
    statement.run(schema, values, nulls, RowReceiver{times});
    return times;
}

class Search {
public:
    Search(const ExtensionSchema &schema, const TenantArgument &tenant)
        : schema_(schema), tenant_(tenant), source_(source_for_caller(schema, tenant))
    {
    }

    [[nodiscard]] Times find() const
    {
        Times newest = newest_before(DT_NOEND);
        if (source_ == CountSource::events) return newest;
        Times event{};
        for (Times hour = newest; hour.known[0] && !event.known[0];) {
            CHECK_FOR_INTERRUPTS();
            const TimestampTz start = hour.values[0];
            const PartitionRange range = range_at(start + USECS_PER_HOUR - 1);
            const bool in_gap = !OidIsValid(range.partition) && range.start <= start;
            if (!in_gap) event = newest_in(start);
            if (!event.known[0]) hour = newest_before(in_gap ? range.start : start);
        }
        newest.values[0] = event.values[0];
        newest.known[0] = event.known[0];
        return newest;
    }

private:
    /* The newest hour that has bags and begins before the time; of events, the newest before the time. And the newest
     * ingestion of all. */
    [[nodiscard]] Times newest_before(TimestampTz time) const
    {
        const Datum values[] = {TimestampTzGetDatum(time), tenant_.id};
        switch (source_) {
        case CountSource::totals:
            return times_of(totals_newest, schema_, values, nullptr);
        case CountSource::tenants:
            return times_of(tenants_newest, schema_, values, nullptr);
        case CountSource::one_tenant:
            return times_of(one_tenants_newest, schema_, values, nullptr);
        case CountSource::events:
            break;
        }
        const char nulls[] = {there, tenant_.any ? null : there};
        return times_of(events_newest, schema_, values, nulls);
    }

    [[nodiscard]] PartitionRange range_at(TimestampTz time) const
    {
        const Relation events = table_open(relation_in(schema_, "analytics_events"), AccessShareLock);
        const PartitionRange range = partition_range_at(events, time);
        table_close(events, NoLock);
        return range;
    }

    [[nodiscard]] Times newest_in(TimestampTz hour) const
    {
        const TimestampTz end = newest_minute_end(hour);
        if (end == hour) return {};
        const Datum values[] = {TimestampTzGetDatum(end), TimestampTzGetDatum(hour), tenant_.id};
        const char nulls[] = {there, there, tenant_.any ? null : there};
        return times_of(newest_event, schema_, values, nulls);
    }

    /* The end of the newest minute of the hour that has events; the hour's start when none has. */
    [[nodiscard]] TimestampTz newest_minute_end(TimestampTz hour) const
    {
        TimestampTz bounds[core::minutes_per_hour + 1];
        for (int i = 0; i <= core::minutes_per_hour; ++i) bounds[i] = hour + i * USECS_PER_MINUTE;
        const MemoryContext context =
            AllocSetContextCreate(CurrentMemoryContext, "analytics freshness", ALLOCSET_SMALL_SIZES);
        std::int64_t counts[core::minutes_per_hour]{};
        for (const core::WindowCounter::BucketCount &cell :
             count_windows(schema_, context, {bounds, core::minutes_per_hour + 1, tenant_, std::nullopt, nullptr})
                 ->counts())
            guarded([&] { counts[cell.bucket] = core::sum_of(counts[cell.bucket], cell.count); });
        MemoryContextDelete(context);
        int minute = core::minutes_per_hour;
        while (minute > 0 && counts[minute - 1] <= 0) --minute;
        return hour + minute * USECS_PER_MINUTE;
    }

    const ExtensionSchema &schema_;
    const TenantArgument &tenant_;
    CountSource source_;
};

} // namespace

Freshness freshness_of(const ExtensionSchema &schema, const TenantArgument &tenant)
{
    SPI_connect();
    const Times newest = Search{schema, tenant}.find();
    SPI_finish();
    return {{newest.values[0], !newest.known[0]}, {newest.values[1], !newest.known[1]}};
}

} // namespace analytics::pg
