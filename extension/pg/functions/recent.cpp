/* _analytics_recent_of: the newest events of a tenant, of a type, or of both, before one of them. */

#include "../rollup/recent.hpp"

ANALYTICS_FUNCTION(analytics_recent_of)
{
    using namespace analytics::pg;
    enum : int { arg_limit, arg_before_occurred_at, arg_before_id, arg_tenant, arg_type };
    ResultSet result{fcinfo};
    for (const int argument : {arg_limit, arg_before_occurred_at, arg_before_id})
        if (PG_ARGISNULL(argument)) return {};
    put_recent(result, schema_of(fcinfo),
               {PG_GETARG_TIMESTAMPTZ(arg_before_occurred_at), PG_GETARG_DATUM(arg_before_id)},
               PG_GETARG_INT32(arg_limit), fcinfo->args[arg_tenant], fcinfo->args[arg_type]);
    return {};
}
