/* Storing rows as COPY does: many rows to a page and a WAL record, and one look-up in the primary key for each, instead
 * of one row after another through the executor. The effect is that of an INSERT, with everything that the operator has
 * added to analytics_events. Where that needs more than is done here (see bulk_target), the INSERT statement stores
 * the rows.
 *
 *   choose_paths   The statement stores rows whose key the index has, and rows of a partition that is not plain. The
 *                  others may be stored in bulk.
 *   bulk_insert    Stores these in a subtransaction of its own. If a concurrent transaction has stored the key of one
 *                  of them meanwhile, all of them are undone and left to the statement.
 *
 * Both are PostgreSQL phases, and need the rows in the order of the primary key. */
#pragma once

#include "../border/extension_schema.hpp"
#include "row.hpp"

extern "C" {
#include "access/tupdesc.h"
}

namespace analytics::pg {

/** Sets each row's path. description: of the rows' tuples. */
void choose_paths(const ExtensionSchema &schema, TupleDesc description, Row *rows, std::int32_t count);

/** Stores the rows whose path is bulk. */
void bulk_insert(const ExtensionSchema &schema, TupleDesc description, Row *rows, std::int32_t count);

} // namespace analytics::pg
