/* The procedures that create a feed: analytics_create_feed, analytics_start_feed. */

#include "../rollup/stepwise.hpp"
#include "procedure.hpp"

extern "C" {
#include "catalog/pg_type.h"
}

namespace analytics::pg {
namespace {

/* From the feed's commit on, every statement appends what it wants to the outbox. Those that began before end first. */
void start_feed(const ExtensionSchema &schema, const char *name)
{
    next_step();
    await_event_writers(schema);
    await_writers(schema, "analytics_dead_letters");
    run_statement(schema, "SELECT %s_analytics_start_feed($1)", {{TEXTOID, PointerGetDatum(cstring_to_text(name))}});
}

} // namespace
} // namespace analytics::pg

ANALYTICS_FUNCTION(analytics_create_feed)
{
    using namespace analytics::pg;
    const auto argument = [&](int number, Oid type) { return argument_of(fcinfo, number, type); };
    run_procedure(fcinfo, "analytics_create_feed", [&](const ExtensionSchema &schema, const char *name) {
        run_statement(schema, "SELECT %s_analytics_register_feed($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                      {argument(0, TEXTOID), argument(1, TEXTOID), argument(2, TEXTOID), argument(3, TEXTARRAYOID),
                       argument(4, TEXTOID), argument(5, TEXTOID), argument(6, TEXTOID), argument(7, TEXTOID),
                       argument(8, INTERVALOID), argument(9, INTERVALOID)});
        start_feed(schema, name);
    });
    return {};
}

ANALYTICS_FUNCTION(analytics_start_feed)
{
    using namespace analytics::pg;
    run_procedure(fcinfo, "analytics_start_feed", start_feed);
    return {};
}
