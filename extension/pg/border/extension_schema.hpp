/* The extension's schema, found from the function that is being called. So its objects are named without a search
 * path. */
#pragma once

#include "postgres.hpp"

#include <initializer_list>

namespace analytics::pg {

struct ExtensionSchema {
    Oid oid;
    const char *prefix; // its name, quoted where that is needed, and a dot; lives in the current memory context
};

/** The schema of the function that is being called. */
ExtensionSchema schema_of(FunctionCallInfo fcinfo);

/** A table or an index of that name; an error when somebody has dropped it. */
Oid relation_in(const ExtensionSchema &schema, const char *name);

/** The same for a table that the release before has not: InvalidOid when there is none. */
Oid added_relation_in(const ExtensionSchema &schema, const char *name);

/** A function of that name with arguments of these types; InvalidOid when somebody has dropped it. */
Oid function_in(const ExtensionSchema &schema, const char *name, std::initializer_list<Oid> arguments = {});

} // namespace analytics::pg
