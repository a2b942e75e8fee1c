/* The extension in the database: where it lives, and how statements name what is its own.
 *
 * A statement of ours resolves nothing through the session's search_path, for somebody else may create there what fits a call
 * better than what is meant: functions, operators and types are pg_catalog's by name, and the extension's own objects stand
 * behind @extschema@, as they do in its install script. */
#pragma once

#include "db.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace analytics::runtime {

struct Extension {
    std::string schema; // quoted where it must be
    std::string version;
    std::int64_t server_process = 0; // that has looked it up
};

/** The database's analytics_events, or nothing. Throws DbError. */
[[nodiscard]] std::optional<Extension> find_extension(Connection &connection,
                                                      Milliseconds deadline = Connection::default_deadline);

/** The statement with the schema in place of each @extschema@. */
[[nodiscard]] std::string in_schema(std::string_view sql, std::string_view schema);

} // namespace analytics::runtime
