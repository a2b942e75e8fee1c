#include "feed_start.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/datum.h"
#include "utils/uuid.h"
}

namespace analytics::pg {
namespace {

SavedStatement start_of_feed{"SELECT s.event_types, s.feed_tenant, s.last_tick, s.from_tick, s.from_number, "
                             "s.from_index, s.from_time, s.from_id, s.is_past, s.is_paused, "
                             "s.source OPERATOR(pg_catalog.=) 'events', s.source OPERATOR(pg_catalog.=) 'dead_letters' "
                             "FROM %s_analytics_feed_start($1, $2) AS s",
                             SavedStatement::Planned::once,
                             {TEXTOID, TEXTOID}};

constexpr int by_reference = -1;

struct StartReader {
    static constexpr ReadColumn columns[] = {
        {"event_types", TEXTARRAYOID, Nulls::allowed},
        {"feed_tenant", TEXTOID, Nulls::allowed},
        {"last_tick", INT8OID},
        {"from_tick", INT8OID},
        {"from_number", INT8OID, Nulls::allowed},
        {"from_index", INT4OID, Nulls::allowed},
        {"from_time", TIMESTAMPTZOID, Nulls::allowed},
        {"from_id", UUIDOID, Nulls::allowed},
        {"is_past", BOOLOID},
        {"is_paused", BOOLOID},
        {"is_of_events", BOOLOID},
        {"is_of_dead_letters", BOOLOID},
    };
    enum : int {
        event_types,
        tenant,
        last_tick,
        tick,
        number,
        index,
        time,
        id,
        is_past,
        is_paused,
        is_of_events,
        is_of_dead_letters
    };

    MemoryContext context = CurrentMemoryContext;
    FeedStart start{};

    bool receive(TupleTableSlot *row)
    {
        const Datum *const values = row->tts_values;
        start = {.event_types = copy(row, event_types, by_reference),
                 .tenant = copy(row, tenant, by_reference),
                 .last_tick = DatumGetInt64(values[last_tick]),
                 .tick = DatumGetInt64(values[tick]),
                 .number = DatumGetInt64(values[number]),
                 .index = DatumGetInt32(values[index]),
                 .time = {values[time], row->tts_isnull[time]},
                 .id = copy(row, id, UUID_LEN),
                 .is_past = DatumGetBool(values[is_past]),
                 .is_of_events = DatumGetBool(values[is_of_events]),
                 .is_of_dead_letters = DatumGetBool(values[is_of_dead_letters]),
                 .is_paused = DatumGetBool(values[is_paused])};
        return false;
    }

    [[nodiscard]] NullableDatum copy(TupleTableSlot *row, int column, int length) const
    {
        if (row->tts_isnull[column]) return null_datum;
        const MemoryContext outer = MemoryContextSwitchTo(context);
        const Datum copied = datumCopy(row->tts_values[column], false, length);
        MemoryContextSwitchTo(outer);
        return given(copied);
    }
};

} // namespace

FeedStart feed_start(const ExtensionSchema &schema, const NullableDatum &name, const NullableDatum &after)
{
    StartReader reader;
    start_of_feed.run(schema, {name, after}, RowReceiver{reader});
    return reader.start;
}

} // namespace analytics::pg
