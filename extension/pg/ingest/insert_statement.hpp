/* Storing rows by one INSERT … ON CONFLICT (occurred_at, id) DO NOTHING. It applies everything that the operator has
 * added to the table: triggers, policies, generated columns, transition tables.
 *
 * Each row's outcome must be known. An inserted row is returned, with the key that BEFORE triggers gave it. A row that
 * is not returned is either a duplicate, or a BEFORE trigger has dropped it, and SQL does not say which. The executor
 * does: it reads one row, tries to insert it, counts a conflict, and reads the next. So we put ourselves between it
 * and its rows. */
#pragma once

#include "../border/extension_schema.hpp"
#include "row.hpp"

extern "C" {
#include "access/tupdesc.h"
}

namespace analytics::pg {

/** Stores the rows whose path is the statement, and sets their outcomes. Their path is none afterwards. expected_bytes:
 * of all rows. */
void insert_by_statement(const ExtensionSchema &schema, TupleDesc description, std::size_t expected_bytes, Row *begin,
                         Row *end, RekeyedRows &rekeyed);

} // namespace analytics::pg
