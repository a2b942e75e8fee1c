/* Whose fault it is when row-level security refuses an event: the event's, or the role's.
 *
 * A role that forgot to say for which tenant it works, or whom no policy names, can store nothing at all. That is a right
 * that is missing, like a grant, and shares its SQLSTATE; were it taken for the row's doing, every event would become a
 * dead letter. So we ask whether the policies would let any row in, whatever it holds: with the settings as they are,
 * each of them is reduced as far as it goes without a row. tenant_id = current_setting('app.tenant', true) is null for
 * every row, where no such setting is made. */
#pragma once

#include "../border/extension_schema.hpp"

namespace analytics::pg {

/** Raises SQLSTATE 42501 when no row at all would get past the policies on analytics_events: refusal is one of theirs. */
void require_policy(const Home &home, const ErrorData &refusal);

} // namespace analytics::pg
