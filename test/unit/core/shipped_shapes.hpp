/* The six shapes as the extension ships them: read from the INSERT in sql/tables.sql, so there is no second copy. */
#pragma once

#include "../../../extension/core/shape.hpp"

namespace analytics::core {

/** Expects to run in the project's root; throws when the statement can't be read. */
Shapes shipped_shapes();

} // namespace analytics::core
