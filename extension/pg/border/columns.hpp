/* The columns that are read of rows, checked before they are read. A Datum does not say what it is: taken for a value of
 * another type it is memory that belongs to somebody else. So whoever reads rows says what it reads, and a column that
 * an operator has altered, or a type that a caller has put in the place of PostgreSQL's own, is an error that names the
 * column. PostgreSQL phases. */
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

/** What is read of a row: a value of the type, or of one that has its bytes (a domain over it; for a text, a varchar). */
struct ReadColumn {
    const char *name = nullptr;
    Oid type = InvalidOid;
    Nulls nulls = Nulls::refused;
};

/** Requires that rows of that description have these columns, in this order and no others; else SQLSTATE 42804. */
void require_columns(TupleDesc rows, std::span<const ReadColumn> columns);

/** The number of the column in rows of a table; 42703 where there is none of that name, 42804 where it is of another type.
 * likely: the number to be tried first. */
AttrNumber column_number(TupleDesc table, const ReadColumn &column, int likely = 1);

/** Refuses a null, where the column must not have any: SQLSTATE XX001, for no single row of a batch is to blame. */
void require_value(const ReadColumn &column, bool is_null);

/** The value of the tuple's column of that number. */
Datum value_in(HeapTuple tuple, TupleDesc table, AttrNumber number, const ReadColumn &column, bool *is_null);

/** Opens one of the extension's tables; an error when something else has taken its place. */
Relation open_table(const Home &home, const char *name, LOCKMODE lock);

/** The index of that name, a B-tree of the table's; an error when something else has taken its place. */
Oid index_of(Relation table, const Home &home, const char *name);

} // namespace analytics::pg
