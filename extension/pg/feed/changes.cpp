#include "changes.hpp"

#include "../border/saved_statement.hpp"
#include "array_of.hpp"
#include "outbox_page.hpp"

#include <algorithm>

namespace analytics::pg {
namespace {

/* Each change looks its event up by its key: OFFSET 0 keeps the planner from reading all of the page's times instead.
 * Those bound the partitions that the plan opens. So the rows come in the order of the changes. */
SavedStatement events_now{
    "SELECT k.place, e.id, e.event_type, e.source, e.occurred_at, e.ingested_at, e.tenant_id, e.payload "
    "FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) WITH ORDINALITY AS k (time, id, place) "
    "LEFT JOIN LATERAL (SELECT w.id, w.event_type, w.source, w.occurred_at, w.ingested_at, w.tenant_id, w.payload "
    "FROM %sanalytics_events AS w "
    "WHERE w.occurred_at OPERATOR(pg_catalog.=) k.time AND w.id OPERATOR(pg_catalog.=) k.id "
    "AND w.occurred_at OPERATOR(pg_catalog.>=) $3 AND w.occurred_at OPERATOR(pg_catalog.<=) $4 "
    "AND ($5 IS NULL OR w.event_type OPERATOR(pg_catalog.=) ANY ($5)) "
    "AND ($6 IS NULL OR w.tenant_id OPERATOR(pg_catalog.=) $6) OFFSET 0) AS e ON true",
    SavedStatement::Planned::each_time,
    {TIMESTAMPTZARRAYOID, UUIDARRAYOID, TIMESTAMPTZOID, TIMESTAMPTZOID, TEXTARRAYOID, TEXTOID}};

/* Answers the changes one after another, as their events come. */
class ChangeReader {
public:
    static constexpr ReadColumn columns[] = {
        {"place", INT8OID}, event_columns[0], event_columns[1], event_columns[2],
        event_columns[3],   event_columns[4], event_columns[5], event_columns[6],
    };
    static_assert(std::size(columns) == std::size(event_columns) + 1);

    ChangeReader(FeedAnswer &answer, std::span<const Change> changes) : answer_(answer), changes_(changes) {}

    bool receive(TupleTableSlot *row)
    {
        CHECK_FOR_INTERRUPTS();
        const auto place = static_cast<std::size_t>(DatumGetInt64(row->tts_values[0]));
        if (place != ++answered_ || place > changes_.size())
            elog(ERROR, "the events of a feed's page came in another order");
        put(changes_[place - 1], row->tts_values + 1, row->tts_isnull + 1);
        return true;
    }

private:
    void put(const Change &change, const Datum *event, const bool *nulls)
    {
        const bool is_there = !nulls[EventColumn::id];
        if (change.noted == Noted::dropped)
            answer_.drop(change.position, change.occurred_at, change.end);
        else if (is_there && change.noted != Noted::left)
            answer_.put(change.position, event, nulls);
        else if (!is_there && change.noted != Noted::put)
            answer_.remove(change.position,
                           {change.occurred_at, UUIDPGetDatum(&change.id), change.event_type, change.tenant});
        // else a later change says what became of it
    }

    FeedAnswer &answer_;
    std::span<const Change> changes_;
    std::size_t answered_ = 0;
};

} // namespace

void put_changes(FeedAnswer &answer, const ExtensionSchema &schema, const FeedStart &start, std::int32_t max_rows)
{
    const OutboxPage page = read_outbox(schema, start, max_rows);
    if (!page.changes.empty()) {
        const auto [first, last] =
            std::minmax_element(page.changes.begin(), page.changes.end(), [](const Change &one, const Change &other) {
                return one.occurred_at < other.occurred_at;
            });
        ChangeReader reader{answer, page.changes};
        events_now.run(
            schema,
            {given(array_of(page.changes, TIMESTAMPTZOID,
                            [](const Change &change) { return TimestampTzGetDatum(change.occurred_at); })),
             given(array_of(page.changes, UUIDOID, [](const Change &change) { return UUIDPGetDatum(&change.id); })),
             given(TimestampTzGetDatum(first->occurred_at)), given(TimestampTzGetDatum(last->occurred_at)),
             start.event_types, start.tenant},
            RowReceiver{reader});
    }
    answer.end(page.end);
}

} // namespace analytics::pg
