/* _analytics_freshness: the times of the newest event and of the newest ingestion. */

#include "../rollup/freshness.hpp"
#include "../border/arguments.hpp"

ANALYTICS_FUNCTION(analytics_freshness)
{
    using namespace analytics::pg;
    const TupleDesc type = result_type(fcinfo);
    const Freshness newest = freshness_of(schema_of(fcinfo), tenant_argument(fcinfo, 0));
    Datum values[] = {newest.event.value, newest.ingestion.value};
    bool nulls[] = {newest.event.isnull, newest.ingestion.isnull};
    return row_of(type, values, nulls);
}
