/* _analytics_bags_agree: whether bags may answer, or the events must be asked. */

#include "../rollup/agreement.hpp"

ANALYTICS_FUNCTION(analytics_bags_agree)
{
    using namespace analytics::pg;
    PG_RETURN_BOOL(bags_agree(home_of(fcinfo)));
}
