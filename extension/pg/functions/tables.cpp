/* _analytics_require_tables raises an error without the tables. _analytics_invalidate_rules is the trigger that makes
 * every session read changed rules again. */

#include "../border/arguments.hpp"
#include "../border/extension_schema.hpp"

extern "C" {
#include "utils/inval.h"
}

ANALYTICS_FUNCTION(analytics_require_tables)
{
    analytics::pg::relation_in(analytics::pg::schema_of(fcinfo), "analytics_events");
    return {};
}

ANALYTICS_FUNCTION(analytics_invalidate_rules)
{
    const TriggerData *const trigger = analytics::pg::trigger_of(fcinfo);
    if (TRIGGER_FIRED_BEFORE(trigger->tg_event) || TRIGGER_FIRED_INSTEAD(trigger->tg_event))
        ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED), errmsg("must be fired after a statement")));
    CacheInvalidateRelcache(trigger->tg_relation);
    return PointerGetDatum(nullptr);
}
