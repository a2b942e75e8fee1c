/* The projections that there are, as rows of analytics_projections say: each session keeps them in a form of its own, and
 * hears of a change before its next statement on events. */
#pragma once

#include "rules.hpp"

namespace analytics::pg {

/** All of them, as of now; a copy of the pointer keeps them. PostgreSQL phase. */
const std::shared_ptr<const ProjectionRules> &projections_at(const Home &home);

} // namespace analytics::pg
