#include "build.hpp"

#include "../border/statement.hpp"
#include "../rollup/stepwise.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "miscadmin.h"
}

namespace analytics::pg {
namespace {

struct AnswerReader {
    static constexpr ReadColumn columns[] = {{"is_more", BOOLOID}};

    bool is_more = false;

    bool receive(TupleTableSlot *row)
    {
        is_more = DatumGetBool(row->tts_values[0]);
        return false;
    }
};

/* Runs a step, which says whether there is more to do. */
bool is_more_after(const ExtensionSchema &schema, const char *step, const char *name)
{
    AnswerReader reader;
    RowReceiver receiver{reader};
    run_statement(schema, step, {{TEXTOID, PointerGetDatum(cstring_to_text(name))}}, &receiver);
    return reader.is_more;
}

} // namespace

void build_projection(const ExtensionSchema &schema, const char *name)
{
    /* The SQL of 0.1.0, which this library may serve until it is updated, knows no versions. */
    const bool knows_versions = OidIsValid(function_in(schema, "_analytics_renew_projection", {TEXTOID}));
    next_step();
    while (!knows_versions || is_more_after(schema, "SELECT %s_analytics_renew_projection($1) AS is_more", name)) {
        next_step();
        await_event_writers(schema);
        while (is_more_after(schema, "SELECT %s_analytics_build_projection_chunk($1) AS is_more", name)) {
            CHECK_FOR_INTERRUPTS();
            next_step();
        }
        if (!knows_versions) break;
        next_step(); // and once more: the upcasts may have changed meanwhile
    }
}

} // namespace analytics::pg
