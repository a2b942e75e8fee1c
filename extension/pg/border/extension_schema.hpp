/* Where the extension lives: its schema, found from the function that is being called, so that its own objects are
 * named without a search path. */
#pragma once

#include "postgres.hpp"

namespace analytics::pg {

struct Home {
    Oid schema;
    const char *prefix; // the schema's name, quoted where it must be, and a dot; lives in the current memory context
};

/** The home of the function that is being called. */
Home home_of(FunctionCallInfo fcinfo);

/** One of the extension's own tables; an error when somebody has dropped it. */
Oid relation_at(const Home &home, const char *name);

/** One of its functions without arguments; InvalidOid when somebody has dropped it. */
Oid function_at(const Home &home, const char *name);

} // namespace analytics::pg
