/* Whose fault an error is that came while rows were stored: one row's, or everybody's. */
#pragma once

#include "../border/postgres.hpp"

namespace analytics::pg {

/** Whether an error that came while rows were stored is one row's own doing: a constraint, a trigger that raises, a
 * policy, a value that an index can't take. All else (a sick server, a missing grant, a fault in a definition) would
 * come with any row. */
bool is_of_a_row(const ErrorData &error) noexcept;

/** Whether row-level security refused a row; a missing grant shares its SQLSTATE. */
bool is_policy_refusal(const ErrorData &error) noexcept;

} // namespace analytics::pg
