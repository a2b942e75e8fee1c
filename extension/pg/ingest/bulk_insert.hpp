/* Storing rows as COPY does: many to a page and a WAL record, each looked up once in the primary key, instead of one by
 * one through the executor. Only where nobody can tell: everything that is hung on analytics_events holds as for an
 * INSERT, and where it asks for more than is done here (allows() and is_plain() say for what), the rows are left to
 * the statement.
 *
 *   choose_ways   the statement must judge rows whose key is in the index, whatever stands there, and those of a
 *                 partition that is not plain; the others may be stored in bulk
 *   bulk_insert   stores these, in a subtransaction of its own: should a rival have stored one of them meanwhile, all
 *                 is undone, and the way of all is the statement's
 *
 * Both are PostgreSQL phases, and need the rows in the order of the primary key. */
#pragma once

#include "../border/extension_schema.hpp"
#include "row.hpp"

extern "C" {
#include "access/tupdesc.h"
}

namespace analytics::pg {

/** Sets each row's way. description: that of the rows' tuples. */
void choose_ways(const Home &home, TupleDesc description, Row *rows, std::int32_t count);

/** Stores the rows whose way it is. */
void bulk_insert(const Home &home, TupleDesc description, Row *rows, std::int32_t count);

} // namespace analytics::pg
