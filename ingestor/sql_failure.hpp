/* A database's error as the loop's Failure. */
#pragma once

#include "../runtime/db.hpp"
#include "writer.hpp"

namespace analytics::ingestor {

[[nodiscard]] inline Failure failure_of(const runtime::DbError &error)
{
    return {error.is_transient(), error.sqlstate(), error.what(), error.hint()};
}

} // namespace analytics::ingestor
