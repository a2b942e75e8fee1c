/* _analytics_freshness: the newest event and the newest ingestion that the caller may see, of a tenant or of all.
 *
 * The newest event is looked for where bags say that there is one: in the newest minute whose count is positive, by
 * index. Bags outlive the events of a partition that was dropped, so a time without a partition is passed over in one
 * step, and what is left is answered in two or three probes however long the history. */

#include "../../core/bag.hpp"
#include "../../core/count.hpp"
#include "../border/arguments.hpp"
#include "../border/boundary.hpp"
#include "../border/partition_range.hpp"
#include "../border/saved_statement.hpp"
#include "../rollup/window_counts.hpp"

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
                             "FROM %sanalytics_events WHERE occurred_at OPERATOR(pg_catalog.<) $1",
                             Planned::each_time,
                             {TIMESTAMPTZOID}};

SavedStatement one_tenants_events_newest{
    "SELECT pg_catalog.max(occurred_at), pg_catalog.max(ingested_at) FROM %sanalytics_events "
    "WHERE occurred_at OPERATOR(pg_catalog.<) $1 AND tenant_id OPERATOR(pg_catalog.=) $2",
    Planned::each_time,
    {TIMESTAMPTZOID, TEXTOID}};

SavedStatement newest_event{"SELECT occurred_at, NULL::pg_catalog.timestamptz FROM %sanalytics_events "
                            "WHERE occurred_at OPERATOR(pg_catalog.<) $1 AND occurred_at OPERATOR(pg_catalog.>=) $2 "
                            "ORDER BY occurred_at USING OPERATOR(pg_catalog.>) LIMIT 1",
                            Planned::each_time,
                            {TIMESTAMPTZOID, TIMESTAMPTZOID}};

SavedStatement one_tenants_newest_event{
    "SELECT occurred_at, NULL::pg_catalog.timestamptz FROM %sanalytics_events "
    "WHERE occurred_at OPERATOR(pg_catalog.<) $1 AND occurred_at OPERATOR(pg_catalog.>=) $2 "
    "AND tenant_id OPERATOR(pg_catalog.=) $3 "
    "ORDER BY occurred_at USING OPERATOR(pg_catalog.>) LIMIT 1",
    Planned::each_time,
    {TIMESTAMPTZOID, TIMESTAMPTZOID, TEXTOID}};

/* One row of two times. */
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

Times times_of(SavedStatement &statement, const Home &home, const Datum *values)
{
    Times times{};
    statement.run(home, values, nullptr, RowReceiver{times});
    return times;
}

class Freshness {
public:
    Freshness(const Home &home, const TenantArgument &tenant)
        : home_(home), tenant_(tenant), source_(source_for_caller(home, tenant))
    {
    }

    /* The newest event, and the newest ingestion. */
    [[nodiscard]] Times find() const
    {
        Times newest = newest_before(DT_NOEND);
        if (source_ == Source::events) return newest;
        Times event{};
        for (Times hour = newest; hour.known[0] && !event.known[0];) {
            CHECK_FOR_INTERRUPTS();
            const TimestampTz start = hour.values[0];
            const PartitionRange place = place_of(start + USECS_PER_HOUR - 1);
            const bool in_gap = !OidIsValid(place.partition) && place.start <= start;
            if (!in_gap) event = newest_in(start);
            if (!event.known[0]) hour = newest_before(in_gap ? place.start : start);
        }
        newest.values[0] = event.values[0];
        newest.known[0] = event.known[0];
        return newest;
    }

private:
    /* The newest hour of the bags, or event, that begins before the time; and the newest ingestion of all. */
    [[nodiscard]] Times newest_before(TimestampTz time) const
    {
        const Datum values[] = {TimestampTzGetDatum(time), tenant_.id};
        switch (source_) {
        case Source::totals:
            return times_of(totals_newest, home_, values);
        case Source::tenants:
            return times_of(tenants_newest, home_, values);
        case Source::one_tenant:
            return times_of(one_tenants_newest, home_, values);
        case Source::events:
            break;
        }
        return times_of(tenant_.any ? events_newest : one_tenants_events_newest, home_, values);
    }

    [[nodiscard]] PartitionRange place_of(TimestampTz time) const
    {
        const Relation events = table_open(relation_at(home_, "analytics_events"), AccessShareLock);
        const PartitionRange place = partition_range_at(events, time);
        table_close(events, NoLock);
        return place;
    }

    [[nodiscard]] Times newest_in(TimestampTz hour) const
    {
        const TimestampTz end = newest_minute_end(hour);
        if (end == hour) return {};
        const Datum values[] = {TimestampTzGetDatum(end), TimestampTzGetDatum(hour), tenant_.id};
        return times_of(tenant_.any ? newest_event : one_tenants_newest_event, home_, values);
    }

    /* The end of the hour's newest minute that has events; the hour's start when none has. */
    [[nodiscard]] TimestampTz newest_minute_end(TimestampTz hour) const
    {
        TimestampTz bounds[core::minutes_per_hour + 1];
        for (int i = 0; i <= core::minutes_per_hour; ++i) bounds[i] = hour + i * USECS_PER_MINUTE;
        const MemoryContext context =
            AllocSetContextCreate(CurrentMemoryContext, "analytics freshness", ALLOCSET_SMALL_SIZES);
        std::int64_t counts[core::minutes_per_hour]{};
        for (const core::WindowCounter::Cell &cell :
             count_windows(home_, context, {bounds, core::minutes_per_hour + 1, tenant_, std::nullopt, nullptr})
                 ->cells())
            guarded([&] { counts[cell.bucket] = core::sum_of(counts[cell.bucket], cell.count); });
        MemoryContextDelete(context);
        int minute = core::minutes_per_hour;
        while (minute > 0 && counts[minute - 1] <= 0) --minute;
        return hour + minute * USECS_PER_MINUTE;
    }

    const Home &home_;
    const TenantArgument &tenant_;
    Source source_;
};

} // namespace
} // namespace analytics::pg

ANALYTICS_FUNCTION(analytics_freshness)
{
    using namespace analytics::pg;
    const TupleDesc type = answer_type(fcinfo);
    const Home home = home_of(fcinfo);
    const TenantArgument tenant = tenant_argument(fcinfo, 0);
    SPI_connect();
    const Times newest = Freshness{home, tenant}.find();
    SPI_finish();
    Datum values[] = {TimestampTzGetDatum(newest.values[0]), TimestampTzGetDatum(newest.values[1])};
    bool nulls[] = {!newest.known[0], !newest.known[1]};
    return row_of(type, values, nulls);
}
