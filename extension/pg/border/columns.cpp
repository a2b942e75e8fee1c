#include "columns.hpp"

extern "C" {
#include "access/table.h"
#include "catalog/pg_am.h"
#include "parser/parse_coerce.h"
#include "utils/syscache.h"
}

#include <cstring>

namespace analytics::pg {
namespace {

bool is_readable(const FormData_pg_attribute &found, const ReadColumn &column)
{
    return found.atttypid == column.type || IsBinaryCoercible(found.atttypid, column.type);
}

void require_type(const FormData_pg_attribute &found, const ReadColumn &column)
{
    if (is_readable(found, column)) return;
    ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
                    errmsg("column \"%s\" must be of type %s", column.name, format_type_be_qualified(column.type)),
                    errdetail("It is of type %s.", format_type_be_qualified(found.atttypid))));
}

bool is_named(TupleDesc table, int number, const char *name)
{
    const FormData_pg_attribute &found = *TupleDescAttr(table, number - 1);
    return !found.attisdropped && std::strcmp(NameStr(found.attname), name) == 0;
}

bool is_btree(Oid index)
{
    const HeapTuple row = SearchSysCache1(RELOID, ObjectIdGetDatum(index));
    if (!HeapTupleIsValid(row)) return false;
    const bool is_it = reinterpret_cast<Form_pg_class>(GETSTRUCT(row))->relam == BTREE_AM_OID;
    ReleaseSysCache(row);
    return is_it;
}

} // namespace

void require_columns(TupleDesc rows, std::span<const ReadColumn> columns)
{
    if (rows->natts != static_cast<int>(columns.size()))
        ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("rows have %d columns, but %d are expected",
                                                                   rows->natts, static_cast<int>(columns.size()))));
    int number = 0;
    for (const ReadColumn &column : columns) require_type(*TupleDescAttr(rows, number++), column);
}

bool has_column(TupleDesc table, const char *name)
{
    int number = 1;
    while (number <= table->natts && !is_named(table, number, name)) ++number;
    return number <= table->natts;
}

AttrNumber column_number(TupleDesc table, const ReadColumn &column, int likely)
{
    int number = likely <= table->natts && is_named(table, likely, column.name) ? likely : 1;
    while (number <= table->natts && !is_named(table, number, column.name)) ++number;
    if (number > table->natts)
        ereport(ERROR,
                (errcode(ERRCODE_UNDEFINED_COLUMN), errmsg("column \"%s\" does not exist", column.name),
                 errhint("The table may be one of an earlier release: SELECT advice FROM analytics_version().")));
    require_type(*TupleDescAttr(table, number - 1), column);
    return static_cast<AttrNumber>(number);
}

void require_value(const ReadColumn &column, bool is_null)
{
    if (is_null && column.nulls == Nulls::refused)
        ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED), errmsg("column \"%s\" must not be null", column.name)));
}

Datum value_in(HeapTuple tuple, TupleDesc table, AttrNumber number, const ReadColumn &column, bool *is_null)
{
    const Datum value = heap_getattr(tuple, number, table, is_null);
    require_value(column, *is_null);
    return value;
}

Relation open_table(const ExtensionSchema &schema, const char *name, LOCKMODE lock)
{
    const Relation table = table_open(relation_in(schema, name), lock);
    if (table->rd_rel->relkind != RELKIND_RELATION)
        ereport(ERROR,
                (errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("\"%s%s\" is not a plain table", schema.prefix, name)));
    return table;
}

Oid index_of(Relation table, const ExtensionSchema &schema, const char *name)
{
    const Oid index = relation_in(schema, name);
    if (!list_member_oid(RelationGetIndexList(table), index) || !is_btree(index))
        ereport(ERROR,
                (errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("\"%s%s\" is not a B-tree index of \"%s\"", schema.prefix,
                                                            name, RelationGetRelationName(table))));
    return index;
}

} // namespace analytics::pg
