#include "past.hpp"

#include "../border/saved_statement.hpp"

extern "C" {
#include "utils/uuid.h"
}

namespace analytics::pg {
namespace {

SavedStatement events_after{
    "WITH read AS MATERIALIZED ("
    "SELECT e.id, e.event_type, e.source, e.occurred_at, e.ingested_at, e.tenant_id, e.payload "
    "FROM %sanalytics_events AS e "
    "WHERE $3 IS NULL OR e.occurred_at OPERATOR(pg_catalog.>=) $2 "
    "AND (e.occurred_at, e.id) OPERATOR(pg_catalog.>) ($2, $3) "
    "ORDER BY e.occurred_at, e.id LIMIT $1), "
    "rows AS (SELECT o.ids, o.times, o.first_time, o.last_time FROM %sanalytics_outbox AS o "
    "WHERE o.tick OPERATOR(pg_catalog.>) $4 AND o.source IS NULL "
    "UNION ALL SELECT o.ids, o.times, o.first_time, o.last_time FROM %sanalytics_outbox AS o "
    "WHERE o.tick IS NULL AND o.source IS NULL), "
    "changed AS (SELECT DISTINCT c.occurred_at, c.id "
    "FROM (SELECT pg_catalog.min(r.occurred_at) AS low, pg_catalog.max(r.occurred_at) AS high FROM read AS r) AS page "
    "JOIN rows AS o ON o.first_time OPERATOR(pg_catalog.<=) page.high "
    "AND o.last_time OPERATOR(pg_catalog.>=) page.low "
    "CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(o.times), pg_catalog.unnest(o.ids)) AS c (occurred_at, id) "
    "WHERE c.occurred_at OPERATOR(pg_catalog.>=) page.low AND c.occurred_at OPERATOR(pg_catalog.<=) page.high) "
    "SELECT c.id IS NULL AND ($5 IS NULL OR r.event_type OPERATOR(pg_catalog.=) ANY ($5)) "
    "AND ($6 IS NULL OR r.tenant_id IS NOT NULL AND r.tenant_id OPERATOR(pg_catalog.=) $6) AS is_wanted, r.* "
    "FROM read AS r LEFT JOIN changed AS c "
    "ON c.occurred_at OPERATOR(pg_catalog.=) r.occurred_at AND c.id OPERATOR(pg_catalog.=) r.id "
    "ORDER BY r.occurred_at, r.id",
    SavedStatement::Planned::each_time,
    {INT4OID, TIMESTAMPTZOID, UUIDOID, INT8OID, TEXTARRAYOID, TEXTOID}};

struct PastReader {
    static constexpr ReadColumn columns[] = {
        {"is_wanted", BOOLOID}, event_columns[0], event_columns[1], event_columns[2],
        event_columns[3],       event_columns[4], event_columns[5], event_columns[6],
    };
    static_assert(std::size(columns) == std::size(event_columns) + 1);

    FeedAnswer &answer;
    std::int64_t tick = 0;
    FeedPosition last{0};
    std::int32_t rows = 0;

    bool receive(TupleTableSlot *row)
    {
        CHECK_FOR_INTERRUPTS();
        const Datum *const event = row->tts_values + 1;
        ++rows;
        last = FeedPosition{tick, DatumGetTimestampTz(event[EventColumn::occurred_at]),
                            core::uuid_text(DatumGetUUIDP(event[EventColumn::id])->data)};
        if (DatumGetBool(row->tts_values[0])) answer.put(last, event, row->tts_isnull + 1);
        return true;
    }
};

} // namespace

void put_past(FeedAnswer &answer, const ExtensionSchema &schema, const FeedStart &start, std::int32_t max_rows)
{
    const FeedPosition end{start.tick};
    PastReader reader{answer, start.tick, end};
    events_after.run(schema,
                     {given(Int32GetDatum(max_rows)), start.time, start.id, given(Int64GetDatum(start.tick)),
                      start.event_types, start.tenant},
                     RowReceiver{reader});
    answer.end(reader.rows < max_rows ? end : reader.last);
}

} // namespace analytics::pg
