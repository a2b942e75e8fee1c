#include "upkeep.hpp"

#include "projection_upkeep.hpp"
#include "rollup.hpp"
#include "text.hpp"

extern "C" {
#include "catalog/pg_type.h"
}

#include <algorithm>

namespace analytics::pg {
namespace {

/* The kinds; one more is one more name here. */
constexpr MakeUpkeep makers[] = {make_rollup, make_projection_upkeep};

/* Some ten megabytes of what is gathered. */
constexpr std::size_t many = 50'000;

/* Mostly a column stands where the parent has it, which is tried first. */
AttrNumber column_of(TupleDesc description, const char *name, int likely)
{
    const auto is_it = [&](int index) {
        const Form_pg_attribute column = TupleDescAttr(description, index);
        return !column->attisdropped && namestrcmp(&column->attname, name) == 0;
    };
    if (likely <= description->natts && is_it(likely - 1)) return static_cast<AttrNumber>(likely);
    for (int index = 0; index < description->natts; ++index)
        if (is_it(index)) return static_cast<AttrNumber>(index + 1);
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN), errmsg("column \"%s\" does not exist", name)));
    pg_unreachable();
}

EventColumns columns_in(TupleDesc description)
{
    int likely = 0;
    EventColumns columns{};
    columns.event_type = column_of(description, "event_type", likely = 2);
    columns.occurred_at = column_of(description, "occurred_at", likely = 4);
    columns.ingested_at = column_of(description, "ingested_at", likely = 5);
    columns.tenant_id = column_of(description, "tenant_id", likely = 6);
    columns.payload = column_of(description, "payload", likely = 7);
    return columns;
}

} // namespace

Upkeeps::Upkeeps(MemoryContext context, const Home &home)
    : home_{home.schema, MemoryContextStrdup(context, home.prefix)}
{
    static_assert(std::size(makers) == kinds);
    std::transform(std::begin(makers), std::end(makers), upkeeps_,
                   [&](MakeUpkeep make) { return make(context, home_); });
}

EventRow Upkeeps::row_of(TupleTableSlot *slot)
{
    if (columns_of_ != slot->tts_tableOid || !OidIsValid(columns_of_)) {
        columns_ = columns_in(slot->tts_tupleDescriptor);
        columns_of_ = slot->tts_tableOid;
    }
    bool is_null = false;
    EventRow row{};
    row.slot = slot;
    row.payload = columns_.payload;
    row.occurred_at = DatumGetTimestampTz(slot_getattr(slot, columns_.occurred_at, &is_null));
    row.ingested_at = DatumGetTimestampTz(slot_getattr(slot, columns_.ingested_at, &is_null));
    row.event_type = bytes_of(slot_getattr(slot, columns_.event_type, &is_null));
    const Datum tenant = slot_getattr(slot, columns_.tenant_id, &is_null);
    row.has_tenant = !is_null;
    if (row.has_tenant) row.tenant_id = bytes_of(tenant);
    return row;
}

void Upkeeps::came(TupleTableSlot *slot)
{
    const EventRow row = row_of(slot);
    for (Upkeep *upkeep : upkeeps_) upkeep->came(row);
    write_if_many();
}

void Upkeeps::went(TupleTableSlot *slot)
{
    const EventRow row = row_of(slot);
    for (Upkeep *upkeep : upkeeps_) upkeep->went(row);
    write_if_many();
}

void Upkeeps::changed(TupleTableSlot *before, TupleTableSlot *after)
{
    const EventRow old_row = row_of(before);
    const EventRow new_row = row_of(after);
    for (Upkeep *upkeep : upkeeps_) upkeep->changed(old_row, new_row);
    write_if_many();
}

void Upkeeps::write_if_many()
{
    for (Upkeep *upkeep : upkeeps_)
        if (upkeep->size() >= many) upkeep->write();
}

void Upkeeps::write()
{
    for (Upkeep *upkeep : upkeeps_) upkeep->write();
}

} // namespace analytics::pg
