/* What each connection of this daemon begins with, and what it makes of an error. */
#pragma once

#include "../runtime/db.hpp"
#include "ports.hpp"

#include <string>

namespace analytics::ingestor {

/** The schema that the extension lives in, quoted: a user need not have it in his search_path. Throws DbError: 42704 without the extension, 0A000 where its version is not ours. */
[[nodiscard]] std::string extension_schema(runtime::Connection &connection);

[[nodiscard]] Failure failure_of(const runtime::DbError &error);

} // namespace analytics::ingestor
