#include "cached_table.hpp"

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

namespace analytics::pg {

std::uint64_t TableWatch::generation(Oid table)
{
    if (!registered_) {
        CacheRegisterRelcacheCallback(on_relation_change, PointerGetDatum(this));
        registered_ = true;
    }
    if (table_ != table) {
        table_ = table;
        ++generation_;
    }
    AcceptInvalidationMessages();
    return generation_;
}

void TableWatch::on_relation_change(Datum self, Oid relation)
{
    auto *const watch = reinterpret_cast<TableWatch *>(DatumGetPointer(self));
    if (relation == watch->table_ || relation == InvalidOid) ++watch->generation_;
}

TableRow::TableRow(Relation table, HeapTuple scanned) : table_(table), tuple_(heap_copytuple(scanned))
{
}

Datum TableRow::value(const char *column, bool *is_null) const
{
    const TupleDesc description = RelationGetDescr(table_);
    for (int i = 0; i < description->natts; ++i) {
        if (namestrcmp(&TupleDescAttr(description, i)->attname, column) == 0)
            return heap_getattr(tuple_, i + 1, description, is_null);
    }
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN), errmsg("column \"%s\" of relation \"%s\" does not exist", column,
                                                              RelationGetRelationName(table_))));
    pg_unreachable();
}

Datum TableRow::value(const char *column) const
{
    bool is_null = false;
    return value(column, &is_null);
}

Datum TableRow::text(const char *column, bool *is_null) const
{
    const Datum stored = value(column, is_null);
    return *is_null ? stored : PointerGetDatum(PG_DETOAST_DATUM_PACKED(stored));
}

Datum TableRow::text(const char *column) const
{
    bool is_null = false;
    return text(column, &is_null);
}

Texts TableRow::texts(const char *column) const
{
    Texts texts{};
    bool is_null = false;
    const Datum array = value(column, &is_null);
    if (!is_null)
        deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT, &texts.items, nullptr,
                          &texts.count);
    return texts;
}

TableScan::TableScan(Oid table)
    : table_(table_open(table, AccessShareLock)),
      scan_(systable_beginscan(table_, InvalidOid, false, nullptr, 0, nullptr))
{
}

HeapTuple TableScan::next()
{
    return systable_getnext(scan_);
}

void TableScan::end()
{
    systable_endscan(scan_);
    table_close(table_, AccessShareLock);
}

} // namespace analytics::pg

ANALYTICS_FUNCTION(analytics_rules_changed)
{
    if (!CALLED_AS_TRIGGER(fcinfo))
        ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED), errmsg("must be called as a trigger")));
    auto *const trigger = reinterpret_cast<TriggerData *>(fcinfo->context);
    CacheInvalidateRelcache(trigger->tg_relation);
    return PointerGetDatum(nullptr);
}
