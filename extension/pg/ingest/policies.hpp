/* Row-level security has refused an event: is that the event's fault, or the role's?
 *
 * A role that no policy names, or that has not set its tenant, can store nothing at all. A right is missing, as
 * without a grant, and the SQLSTATE is the same as for a refused row. If the row were blamed, every event would
 * become a dead letter. So we ask whether the policies would let any row in. Each policy's condition is simplified as
 * far as is possible without a row, with the settings of this session. For example, tenant_id =
 * current_setting('app.tenant', true) is null for every row when there is no such setting. */
#pragma once

#include "../border/extension_schema.hpp"

namespace analytics::pg {

/** Raises SQLSTATE 42501 when the policies on analytics_events would refuse every row. refusal: the error that they
 * raised. */
void require_policy(const ExtensionSchema &schema, const ErrorData &refusal);

} // namespace analytics::pg
