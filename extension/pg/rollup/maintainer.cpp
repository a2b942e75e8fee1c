#include "maintainer.hpp"

#include "../border/columns.hpp"
#include "../border/text.hpp"

extern "C" {
#include "catalog/pg_type.h"
}

#include <algorithm>

namespace analytics::pg {
namespace {

/* Some ten megabytes of what is gathered. */
constexpr std::size_t many = 50'000;

constexpr ReadColumn event_type{"event_type", TEXTOID};
constexpr ReadColumn occurred_at{"occurred_at", TIMESTAMPTZOID};
constexpr ReadColumn ingested_at{"ingested_at", TIMESTAMPTZOID};
constexpr ReadColumn tenant_id{"tenant_id", TEXTOID, Nulls::allowed};
constexpr ReadColumn payload_of_event{"payload", JSONBOID};

/* Mostly a column stands where the parent has it, which is tried first. */
EventColumns columns_in(TupleDesc description)
{
    int likely = 0;
    EventColumns columns{};
    columns.event_type = column_number(description, event_type, likely = 2);
    columns.occurred_at = column_number(description, occurred_at, likely = 4);
    columns.ingested_at = column_number(description, ingested_at, likely = 5);
    columns.tenant_id = column_number(description, tenant_id, likely = 6);
    columns.payload = column_number(description, payload_of_event, likely = 7);
    return columns;
}

Datum value_in(TupleTableSlot *slot, AttrNumber number, const ReadColumn &column)
{
    bool is_null = false;
    const Datum value = slot_getattr(slot, number, &is_null);
    require_value(column, is_null);
    return value;
}

} // namespace

Datum EventRow::payload() const
{
    return value_in(slot, payload_column, payload_of_event);
}

Upkeeps::Upkeeps(MemoryContext context, const Home &home, std::span<const MakeUpkeep> kinds)
    : home_{home.schema, MemoryContextStrdup(context, home.prefix)}, kinds_(kinds.size())
{
    Assert(kinds_ <= most_kinds);
    std::transform(kinds.begin(), kinds.end(), upkeeps_, [&](MakeUpkeep make) { return make(context, home_); });
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
    row.payload_column = columns_.payload;
    row.occurred_at = DatumGetTimestampTz(value_in(slot, columns_.occurred_at, occurred_at));
    row.ingested_at = DatumGetTimestampTz(value_in(slot, columns_.ingested_at, ingested_at));
    row.event_type = bytes_of(value_in(slot, columns_.event_type, event_type));
    const Datum tenant = slot_getattr(slot, columns_.tenant_id, &is_null);
    row.has_tenant = !is_null;
    if (row.has_tenant) row.tenant_id = bytes_of(tenant);
    return row;
}

void Upkeeps::came(TupleTableSlot *slot)
{
    const EventRow row = row_of(slot);
    for (Upkeep *upkeep : upkeeps()) upkeep->came(row);
    write_if_many();
}

void Upkeeps::went(TupleTableSlot *slot)
{
    const EventRow row = row_of(slot);
    for (Upkeep *upkeep : upkeeps()) upkeep->went(row);
    write_if_many();
}

void Upkeeps::changed(TupleTableSlot *before, TupleTableSlot *after)
{
    const EventRow old_row = row_of(before);
    const EventRow new_row = row_of(after);
    for (Upkeep *upkeep : upkeeps()) upkeep->changed(old_row, new_row);
    write_if_many();
}

void Upkeeps::write_if_many()
{
    for (Upkeep *upkeep : upkeeps())
        if (upkeep->size() >= many) upkeep->write();
}

void Upkeeps::write()
{
    for (Upkeep *upkeep : upkeeps()) upkeep->write();
}

} // namespace analytics::pg
