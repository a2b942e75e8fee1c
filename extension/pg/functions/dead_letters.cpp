/* The triggers that count open dead letters: _analytics_dead_letter_row, _analytics_dead_letter_statement,
 * _analytics_dead_letter_truncate. And _analytics_dead_letter_counts_agree: whether these counts may be used, or the
 * dead letters must be counted. */

#include "../rollup/open_dead_letters.hpp"
#include "row_triggers.hpp"

ANALYTICS_FUNCTION(analytics_dead_letter_statement)
{
    return analytics::pg::count_statement<analytics::pg::make_open_dead_letters>(fcinfo);
}

ANALYTICS_FUNCTION(analytics_dead_letter_row)
{
    return analytics::pg::count_row<analytics::pg::make_open_dead_letters>(fcinfo);
}

ANALYTICS_FUNCTION(analytics_dead_letter_truncate)
{
    using namespace analytics::pg;
    const TriggerData *const trigger = trigger_of(fcinfo);
    require_fired(TRIGGER_FIRED_BY_TRUNCATE(trigger->tg_event), "by TRUNCATE");
    const ExtensionSchema schema = schema_of(fcinfo);
    if (RelationGetRelid(trigger->tg_relation) == relation_in(schema, "analytics_dead_letters"))
        truncate_dead_letter_counts(schema);
    return {};
}

ANALYTICS_FUNCTION(analytics_dead_letter_counts_agree)
{
    PG_RETURN_BOOL(!analytics::pg::DeadLetterDelta::is_any_open());
}
