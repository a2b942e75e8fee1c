#include "shapes.hpp"

#include "owned.hpp"

extern "C" {
#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "utils/array.h"
#include "utils/inval.h"
#include "utils/rel.h"
}

#include <algorithm>

namespace analytics::pg {
namespace {

struct Texts {
    Datum *items;
    int count;
};

/* One row, as PostgreSQL phases hold it: plain data in the current memory context. */
struct Row {
    int position;
    Datum name, event_type, source;
    Texts required, not_null, null_or_absent, absent, keys;
    Datum time_member, iso_member;
    bool has_time, has_iso;
    Row *next;
};

struct Watch {
    Oid table = InvalidOid;
    std::uint64_t generation = 1;
    bool registered = false;
};

Watch watch;

void on_relation_change(Datum, Oid relation)
{
    if (relation == watch.table || relation == InvalidOid) ++watch.generation;
}

class Reader {
public:
    Reader(Relation table, HeapTuple tuple) : table_(table), tuple_(tuple) {}

    Datum value(const char *column, bool *is_null) const
    {
        const TupleDesc description = RelationGetDescr(table_);
        for (int i = 0; i < description->natts; ++i) {
            if (namestrcmp(&TupleDescAttr(description, i)->attname, column) == 0)
                return heap_getattr(tuple_, i + 1, description, is_null);
        }
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN), errmsg("column \"%s\" of relation \"%s\" does not exist",
                                                                  column, RelationGetRelationName(table_))));
        pg_unreachable();
    }

    Datum value(const char *column) const
    {
        bool is_null = false;
        return value(column, &is_null);
    }

    Texts texts(const char *column) const
    {
        Texts texts{};
        deconstruct_array(DatumGetArrayTypeP(value(column)), TEXTOID, -1, false, TYPALIGN_INT, &texts.items, nullptr,
                          &texts.count);
        return texts;
    }

private:
    Relation table_;
    HeapTuple tuple_;
};

Row *read_row(Relation table, HeapTuple scanned, Row *next)
{
    const Reader reader{table, heap_copytuple(scanned)};
    if (!DatumGetBool(reader.value("enabled"))) return next;
    auto *const row = static_cast<Row *>(palloc0(sizeof(Row)));
    row->next = next;
    row->position = DatumGetInt32(reader.value("position"));
    row->name = reader.value("name");
    row->event_type = reader.value("event_type");
    row->source = reader.value("source");
    row->required = reader.texts("required_members");
    row->not_null = reader.texts("not_null_members");
    row->null_or_absent = reader.texts("null_or_absent_members");
    row->absent = reader.texts("absent_members");
    row->keys = reader.texts("key_members");
    bool is_null = false;
    row->time_member = reader.value("time_member", &is_null);
    row->has_time = !is_null;
    row->iso_member = reader.value("iso_member", &is_null);
    row->has_iso = !is_null;
    for (Datum *text : {&row->name, &row->event_type, &row->source})
        *text = PointerGetDatum(PG_DETOAST_DATUM_PACKED(*text));
    if (row->has_time) row->time_member = PointerGetDatum(PG_DETOAST_DATUM_PACKED(row->time_member));
    if (row->has_iso) row->iso_member = PointerGetDatum(PG_DETOAST_DATUM_PACKED(row->iso_member));
    return row;
}

std::string string_of(Datum text)
{
    const auto *const bytes = reinterpret_cast<const struct varlena *>(DatumGetPointer(text));
    return {VARDATA_ANY(bytes), static_cast<std::size_t>(VARSIZE_ANY_EXHDR(bytes))};
}

std::vector<std::string> strings_of(const Texts &texts)
{
    std::vector<std::string> strings;
    strings.reserve(static_cast<std::size_t>(texts.count));
    for (int i = 0; i < texts.count; ++i) strings.push_back(string_of(texts.items[i]));
    return strings;
}

core::Shape shape_of(const Row &row)
{
    return {.name = string_of(row.name),
            .event_type = string_of(row.event_type),
            .source = string_of(row.source),
            .required = strings_of(row.required),
            .not_null = strings_of(row.not_null),
            .null_or_absent = strings_of(row.null_or_absent),
            .absent = strings_of(row.absent),
            .time_member = row.has_time ? string_of(row.time_member) : std::string{},
            .iso_member = row.has_iso ? string_of(row.iso_member) : std::string{},
            .key_members = strings_of(row.keys)};
}

void fill(core::Shapes &shapes, const Row *rows)
{
    std::vector<const Row *> ordered;
    for (const Row *row = rows; row != nullptr; row = row->next) ordered.push_back(row);
    std::sort(ordered.begin(), ordered.end(), [](const Row *a, const Row *b) {
        return a->position != b->position ? a->position < b->position : string_of(a->name) < string_of(b->name);
    });
    for (const Row *row : ordered) shapes.push_back(shape_of(*row));
}

} // namespace

core::Shapes *read_shapes(Oid table_oid, MemoryContext owner)
{
    const MemoryContext scratch =
        AllocSetContextCreate(CurrentMemoryContext, "analytics shapes scan", ALLOCSET_SMALL_SIZES);
    const MemoryContext outer = MemoryContextSwitchTo(scratch);

    const Relation table = table_open(table_oid, AccessShareLock);
    const SysScanDesc scan = systable_beginscan(table, InvalidOid, false, nullptr, 0, nullptr);
    Row *rows = nullptr;
    while (const HeapTuple tuple = systable_getnext(scan)) rows = read_row(table, tuple, rows);
    systable_endscan(scan);
    table_close(table, AccessShareLock);

    auto *const shapes = make_owned<core::Shapes>(owner);
    guarded([&] { fill(*shapes, rows); });
    MemoryContextSwitchTo(outer);
    MemoryContextDelete(scratch);
    return shapes;
}

std::uint64_t shapes_generation(Oid table)
{
    if (!watch.registered) {
        CacheRegisterRelcacheCallback(on_relation_change, static_cast<Datum>(0));
        watch.registered = true;
    }
    if (watch.table != table) {
        watch.table = table;
        ++watch.generation;
    }
    AcceptInvalidationMessages();
    return watch.generation;
}

} // namespace analytics::pg

ANALYTICS_FUNCTION(analytics_shapes_changed)
{
    if (!CALLED_AS_TRIGGER(fcinfo)) {
        ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED), errmsg("must be called as a trigger")));
    }
    auto *const trigger = reinterpret_cast<TriggerData *>(fcinfo->context);
    CacheInvalidateRelcache(trigger->tg_relation);
    return PointerGetDatum(nullptr);
}
