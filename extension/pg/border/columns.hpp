/* Columns are checked before their values are read. A Datum does not say what type it has: read as another type, it
 * would give access to any memory. So code that reads rows declares the columns that it reads. When an operator has
 * altered a column, or a caller has put a type of his own in the place of PostgreSQL's, an error names the column.
 * PostgreSQL phases. */
#pragma once

#include "extension_schema.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/tupdesc.h"
#include "storage/lockdefs.h"
#include "utils/rel.h"
}

#include <cstdint>
#include <span>

namespace analytics::pg {

enum class Nulls : std::uint8_t { refused, allowed };

/** A column that is read. Its type must be this one, or one with the same bytes: a domain over it, or a varchar for
 * a text. */
struct ReadColumn {
    const char *name = nullptr;
    Oid type = InvalidOid;
    Nulls nulls = Nulls::refused;
};

/** Requires that the rows have these columns and no others, in this order; else SQLSTATE 42804. */
void require_columns(TupleDesc rows, std::span<const ReadColumn> columns);

/** Whether rows of a table have a column of that name. */
bool has_column(TupleDesc table, const char *name);

/** The column's number in rows of a table. SQLSTATE 42703 when there is none of that name, 42804 when it has another
 * type. likely: the number to try first. */
AttrNumber column_number(TupleDesc table, const ReadColumn &column, int likely = 1);

/** Refuses a null in a column that must have none. SQLSTATE XX001 says that the table is damaged, and not a row of a
 * batch. */
void require_value(const ReadColumn &column, bool is_null);

/** The value in the column of that number. */
Datum value_in(HeapTuple tuple, TupleDesc table, AttrNumber number, const ReadColumn &column, bool *is_null);

/** Opens one of the extension's tables; an error when something else has taken its place. */
Relation open_table(const ExtensionSchema &schema, const char *name, LOCKMODE lock);

/** The table's B-tree index of that name; an error when something else has taken its place. */
Oid index_of(Relation table, const ExtensionSchema &schema, const char *name);

} // namespace analytics::pg
