/* What this daemon makes of a database's error. */
#pragma once

#include "../runtime/db.hpp"
#include "ports.hpp"

namespace analytics::ingestor {

[[nodiscard]] Failure failure_of(const runtime::DbError &error);

} // namespace analytics::ingestor
