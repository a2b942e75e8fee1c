/* The rules of all projections. Each session keeps a copy, and learns of a change before its next statement on
 * events. */
#pragma once

#include "rules.hpp"

namespace analytics::pg {

/** All rules as they are now. They live as long as a copy of the pointer. PostgreSQL phase. */
const std::shared_ptr<const ProjectionRules> &projection_rules(const ExtensionSchema &schema);

} // namespace analytics::pg
