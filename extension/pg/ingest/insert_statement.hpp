/* The statement's way to store rows: one INSERT … ON CONFLICT (occurred_at, id) DO NOTHING for all of them, which does
 * whatever the operator has hung on the table: triggers, policies, generated columns, transition tables.
 *
 * Of each row it says what became of it. What was inserted is returned, under the key that BEFORE triggers gave it. A row
 * that is not returned is either a duplicate or was dropped by a BEFORE trigger, and SQL can't tell which. The executor
 * can: it reads one row, tries it, and reads the next, counting conflicts on its way. So we watch it read. */
#pragma once

#include "../border/extension_schema.hpp"
#include "row.hpp"

extern "C" {
#include "access/tupdesc.h"
}

namespace analytics::pg {

/** Stores the rows whose way is the statement's, which are then without a way, and enters their outcomes. expected_bytes:
 * of all rows together. */
void insert_by_statement(const Home &home, TupleDesc description, std::size_t expected_bytes, Row *begin, Row *end,
                         RekeyedRows &rekeyed);

} // namespace analytics::pg
