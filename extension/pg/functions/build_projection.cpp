/* The procedures that build a projection: analytics_create_projection, analytics_build_projection;
 * and _analytics_await_event_writers, for the steps of maintenance. */

#include "../border/statement.hpp"
#include "../projection/build.hpp"
#include "../rollup/stepwise.hpp"
#include "procedure.hpp"

extern "C" {
#include "catalog/pg_type.h"
}

ANALYTICS_FUNCTION(analytics_create_projection)
{
    using namespace analytics::pg;
    constexpr int version_argument = 7;
    const auto argument = [&](int number, Oid type) { return argument_of(fcinfo, number, type); };
    run_procedure(fcinfo, "analytics_create_projection", [&](const ExtensionSchema &schema, const char *name) {
        if (PG_NARGS() <= version_argument) // the SQL of 0.1.0, until it is updated
            run_statement(schema, "SELECT %s_analytics_register_projection($1, $2, $3, $4, $5, $6, $7)",
                          {argument(0, TEXTOID), argument(1, TEXTARRAYOID), argument(2, JSONOID), argument(3, JSONOID),
                           argument(4, INTERVALOID), argument(5, INT4OID), argument(6, TEXTOID)});
        else
            run_statement(schema, "SELECT %s_analytics_register_projection($1, $2, $3, $4, $5, $6, $7, $8)",
                          {argument(0, TEXTOID), argument(1, TEXTARRAYOID), argument(2, JSONOID), argument(3, JSONOID),
                           argument(4, INTERVALOID), argument(5, INT4OID), argument(6, TEXTOID),
                           argument(version_argument, TEXTOID)});
        build_projection(schema, name);
    });
    return {};
}

ANALYTICS_FUNCTION(analytics_build_projection)
{
    using namespace analytics::pg;
    run_procedure(fcinfo, "analytics_build_projection", build_projection);
    return {};
}

ANALYTICS_FUNCTION(analytics_await_event_writers)
{
    using namespace analytics::pg;
    await_event_writers(schema_of(fcinfo));
    return {};
}
