#include "maintainer.hpp"

#include "../border/columns.hpp"
#include "../border/text.hpp"

extern "C" {
#include "catalog/pg_type.h"
}

namespace analytics::pg {
namespace {

/* So many allocations are some ten megabytes. */
constexpr std::size_t many = 50'000;

constexpr ReadColumn id_of_event{"id", UUIDOID};
constexpr ReadColumn event_type{"event_type", TEXTOID};
constexpr ReadColumn occurred_at{"occurred_at", TIMESTAMPTZOID};
constexpr ReadColumn ingested_at{"ingested_at", TIMESTAMPTZOID};
constexpr ReadColumn tenant_id{"tenant_id", TEXTOID, Nulls::allowed};
constexpr ReadColumn payload_of_event{"payload", JSONBOID};

/* A column mostly has the number that it has in the parent, which is tried first. */
EventColumns columns_in(TupleDesc description)
{
    int likely = 0;
    EventColumns columns{};
    columns.event_type = column_number(description, event_type, likely = 2);
    columns.occurred_at = column_number(description, occurred_at, likely = 4);
    columns.ingested_at = column_number(description, ingested_at, likely = 5);
    columns.tenant_id = column_number(description, tenant_id, likely = 6);
    columns.payload = column_number(description, payload_of_event, likely = 7);
    columns.id = column_number(description, id_of_event, likely = 1);
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

Datum EventRow::id() const
{
    return value_in(slot, id_column, id_of_event);
}

Maintainers::Maintainers(MemoryContext context, const ExtensionSchema &schema, std::span<const MakeMaintainer> kinds)
    : schema_{schema.oid, MemoryContextStrdup(context, schema.prefix)}
{
    Assert(kinds.size() <= most_kinds);
    for (const MakeMaintainer make : kinds)
        if (Maintainer *const maintainer = make(context, schema_)) maintainers_[kinds_++] = maintainer;
}

EventRow Maintainers::row_of(TupleTableSlot *slot)
{
    if (columns_of_ != slot->tts_tableOid || !OidIsValid(columns_of_)) {
        columns_ = columns_in(slot->tts_tupleDescriptor);
        columns_of_ = slot->tts_tableOid;
    }
    bool is_null = false;
    EventRow row{};
    row.slot = slot;
    row.payload_column = columns_.payload;
    row.id_column = columns_.id;
    row.occurred_at = DatumGetTimestampTz(value_in(slot, columns_.occurred_at, occurred_at));
    row.ingested_at = DatumGetTimestampTz(value_in(slot, columns_.ingested_at, ingested_at));
    row.event_type = bytes_of(value_in(slot, columns_.event_type, event_type));
    const Datum tenant = slot_getattr(slot, columns_.tenant_id, &is_null);
    if (!is_null) row.tenant = bytes_of(tenant);
    return row;
}

void Maintainers::inserted(TupleTableSlot *slot)
{
    const EventRow row = row_of(slot);
    for (Maintainer *maintainer : maintainers()) maintainer->inserted(row);
    write_if_many();
}

void Maintainers::deleted(TupleTableSlot *slot)
{
    const EventRow row = row_of(slot);
    for (Maintainer *maintainer : maintainers()) maintainer->deleted(row);
    write_if_many();
}

void Maintainers::updated(TupleTableSlot *before, TupleTableSlot *after)
{
    const EventRow old_row = row_of(before);
    const EventRow new_row = row_of(after);
    for (Maintainer *maintainer : maintainers()) maintainer->updated(old_row, new_row);
    write_if_many();
}

void Maintainers::write_if_many()
{
    for (Maintainer *maintainer : maintainers())
        if (maintainer->size() >= many) maintainer->write();
}

void Maintainers::write()
{
    for (Maintainer *maintainer : maintainers()) maintainer->write();
}

} // namespace analytics::pg
