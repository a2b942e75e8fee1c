/* Errors while rows are stored: whether one row is to blame, or any row would fail. */
#pragma once

#include "../border/postgres.hpp"

namespace analytics::pg {

/** Whether one row is to blame for the error: a constraint, a trigger that raises, a policy, or a value that an index
 * can't take. Any other error (of a sick server, a missing grant, a wrong definition) would meet every row. */
bool is_of_a_row(const ErrorData &error) noexcept;

/** Whether row-level security refused a row; a missing grant shares its SQLSTATE. */
bool is_policy_refusal(const ErrorData &error) noexcept;

} // namespace analytics::pg
