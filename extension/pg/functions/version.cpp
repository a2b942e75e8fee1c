/* analytics_event_version: the version that a stored event's type or payload says. */

#include "../border/boundary.hpp"
#include "../border/text.hpp"
#include "../upcast/event_version.hpp"

ANALYTICS_FUNCTION(analytics_event_version)
{
    using namespace analytics::pg;
    PG_RETURN_INT32(event_version(bytes_of(PG_GETARG_DATUM(0)), PG_GETARG_DATUM(1)));
}
