/* The extension in the database: its schema, and how statements name its objects.
 *
 * Our statements resolve nothing through the session's search_path: somebody else may have created an object there
 * that fits a call better. Functions, operators and types are qualified with pg_catalog, and the extension's own
 * objects with @extschema@, as in its install script. */
#pragma once

#include "db.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace analytics::runtime {

struct Extension {
    std::string schema; // quoted where it must be
    std::string version;
    std::int64_t server_process = 0; // that answered
};

/** The extension analytics_events of the database, or nothing. Throws DbError. */
[[nodiscard]] std::optional<Extension> find_extension(Connection &connection,
                                                      Milliseconds deadline = Connection::default_deadline);

/** The statement with the schema in place of each @extschema@. */
[[nodiscard]] std::string in_schema(std::string_view sql, std::string_view schema);

} // namespace analytics::runtime
