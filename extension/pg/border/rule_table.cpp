#include "rule_table.hpp"

extern "C" {
#include "access/genam.h"
#include "access/table.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/inval.h"
#include "utils/rel.h"
}

namespace analytics::pg {
namespace {

Texts texts_of(const char *column, Datum array)
{
    ArrayType *const detoasted = DatumGetArrayTypeP(array);
    if (array_contains_nulls(detoasted))
        ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED), errmsg("column \"%s\" must not hold a null", column)));
    Texts texts{};
    deconstruct_array(detoasted, TEXTOID, -1, false, TYPALIGN_INT, &texts.items, nullptr, &texts.count);
    return texts;
}

} // namespace

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

std::optional<Datum> TableRow::find(const ReadColumn &column) const
{
    const TupleDesc description = RelationGetDescr(table_);
    bool is_null = false;
    const Datum value = value_in(tuple_, description, column_number(description, column), column, &is_null);
    if (is_null) return std::nullopt;
    return value;
}

Datum TableRow::value(const char *column, Oid type) const
{
    return *find({column, type});
}

Datum TableRow::text(const char *column, Oid type) const
{
    return PointerGetDatum(PG_DETOAST_DATUM_PACKED(value(column, type)));
}

std::optional<Datum> TableRow::optional_text(const char *column) const
{
    const std::optional<Datum> stored = find({column, TEXTOID, Nulls::allowed});
    if (!stored) return std::nullopt;
    return PointerGetDatum(PG_DETOAST_DATUM_PACKED(*stored));
}

std::optional<Datum> TableRow::added_value(const char *column, Oid type) const
{
    if (!has_column(RelationGetDescr(table_), column)) return std::nullopt;
    return find({column, type, Nulls::allowed});
}

Texts TableRow::texts(const char *column) const
{
    return texts_of(column, value(column, TEXTARRAYOID));
}

std::optional<Datum> TableRow::added_text(const char *column) const
{
    return has_column(RelationGetDescr(table_), column) ? optional_text(column) : std::nullopt;
}

std::optional<Texts> TableRow::optional_texts(const char *column) const
{
    const std::optional<Datum> array = find({column, TEXTARRAYOID, Nulls::allowed});
    if (!array) return std::nullopt;
    return texts_of(column, *array);
}

TableScan::TableScan(const ExtensionSchema &schema, const char *table)
    : table_(open_table(schema, table, AccessShareLock)),
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
