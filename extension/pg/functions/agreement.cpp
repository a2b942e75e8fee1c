/* _analytics_bags_agree: whether bags may be used, or the events must be counted. */

#include "../rollup/agreement.hpp"

ANALYTICS_FUNCTION(analytics_bags_agree)
{
    using namespace analytics::pg;
    PG_RETURN_BOOL(bags_agree(schema_of(fcinfo)));
}
