#include "freshness.hpp"

#include "../../core/bag.hpp"
#include "../../core/count.hpp"
#include "../border/boundary.hpp"
#include "../border/partition_range.hpp"
#include "../border/saved_statement.hpp"

extern "C" {
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

/* Reads one row of two times. */
struct Times {
    static constexpr ReadColumn columns[] = {{"newest event", TIMESTAMPTZOID, Nulls::allowed},
                                             {"newest ingestion", TIMESTAMPTZOID, Nulls::allowed}};

    NullableDatum values[std::size(columns)] = {null_datum, null_datum}; // without a row

    bool receive(TupleTableSlot *row)
    {
        for (std::size_t i = 0; i < std::size(columns); ++i) values[i] = {row->tts_values[i], row->tts_isnull[i]};
        return false;
    }
};

Times times_of(SavedStatement &statement, const ExtensionSchema &schema, std::initializer_list<NullableDatum> values)
{
    Times times;
    statement.run(schema, values, RowReceiver{times});
    return times;
}

class Search {
public:
    Search(const ExtensionSchema &schema, const NullableDatum &tenant)
        : schema_(schema), tenant_(tenant), source_(source_for_caller(schema, tenant))
    {
    }

    [[nodiscard]] Times find() const
    {
        Times newest = newest_before(DT_NOEND);
        if (source_ == CountSource::events) return newest;
        NullableDatum event = null_datum;
        for (NullableDatum hour = newest.values[0]; !hour.isnull && event.isnull;) {
            CHECK_FOR_INTERRUPTS();
            const TimestampTz start = DatumGetTimestampTz(hour.value);
            const PartitionRange range = partition_range_at(schema_, start + USECS_PER_HOUR - 1);
            const bool in_gap = !OidIsValid(range.partition) && range.start <= start;
            if (!in_gap) event = newest_in(start);
            if (event.isnull) hour = newest_before(in_gap ? range.start : start).values[0];
        }
        newest.values[0] = event;
        return newest;
    }

private:
    /* The newest hour that has bags and begins before the time; of events, the newest before the time. And the newest
     * ingestion of all. */
    [[nodiscard]] Times newest_before(TimestampTz time) const
    {
        SavedStatement &statement = source_ == CountSource::totals       ? totals_newest
                                    : source_ == CountSource::tenants    ? tenants_newest
                                    : source_ == CountSource::one_tenant ? one_tenants_newest
                                                                         : events_newest;
        return times_of(statement, schema_, {given(TimestampTzGetDatum(time)), tenant_});
    }

    [[nodiscard]] NullableDatum newest_in(TimestampTz hour) const
    {
        const TimestampTz end = newest_minute_end(hour);
        if (end == hour) return null_datum;
        return times_of(newest_event, schema_,
                        {given(TimestampTzGetDatum(end)), given(TimestampTzGetDatum(hour)), tenant_})
            .values[0];
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
    const NullableDatum &tenant_;
    CountSource source_;
};

} // namespace

Freshness freshness_of(const ExtensionSchema &schema, const NullableDatum &tenant)
{
    SPI_connect();
    const Times newest = Search{schema, tenant}.find();
    SPI_finish();
    return {newest.values[0], newest.values[1]};
}

} // namespace analytics::pg
