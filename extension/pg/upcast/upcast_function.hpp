/* The functions that upcast payloads. A contract names one in a text; it is looked for by this name, with an argument
 * of type jsonb. */
#pragma once

#include "../border/extension_schema.hpp"

#include <string_view>

namespace analytics::pg {

/** The role as which upcasts run: the owner of analytics_contracts. So they make the same of a payload for every reader
 * and writer. PostgreSQL phase. */
Oid upcast_role(const ExtensionSchema &schema);

/** The function of that name, or InvalidOid if it must not be called. An upcast is an IMMUTABLE function from jsonb to
 * jsonb that the role may call, and that belongs to the role or to a superuser: nobody else may say what runs with the
 * role's rights. PostgreSQL phase. */
Oid upcast_function(std::string_view name, Oid role);

/** Raises SQLSTATE 42501 for an upcast that must not be called. PostgreSQL phase. */
[[noreturn]] void refuse_upcast(std::string_view name);

} // namespace analytics::pg
