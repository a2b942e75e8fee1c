/* What each connection of this daemon begins with, and what it makes of an error. */
#pragma once

#include "../runtime/db.hpp"
#include "ports.hpp"

#include <span>
#include <string>
#include <string_view>

namespace analytics::ingestor {

/** sql: qualified, with @extschema@ in place of the extension's schema. */
struct Statement {
    const char *name;
    std::string_view sql;
};

/** Prepares the statements of a fresh connection, and tells the extension's schema, quoted. Throws DbError: 42704 without
 * the extension, 0A000 where its version is not ours. */
std::string prepare(runtime::Connection &connection, std::span<const Statement> statements);

[[nodiscard]] Failure failure_of(const runtime::DbError &error);

} // namespace analytics::ingestor
