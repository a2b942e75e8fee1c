/* analytics_latest: the payload of an event in the newest version. _analytics_upcast_call, _analytics_upcast_function:
 * whether an upcast may be called. */

#include "../border/owned.hpp"
#include "../border/text.hpp"
#include "../upcast/session_upcasts.hpp"
#include "../upcast/upcast_function.hpp"
#include "../upcast/upcaster.hpp"

extern "C" {
#include "utils/lsyscache.h"
}

namespace analytics::pg {
namespace {

/* Kept while a statement calls the function, and the contracts stay the same. */
struct Latest {
    MemoryContext context;
    ExtensionSchema schema;
    std::uint64_t generation;
    std::shared_ptr<const core::UpcastChain> chain;
    Upcaster upcaster;

    Latest(MemoryContext memory, const ExtensionSchema &its_schema, const SessionUpcasts &upcasts)
        : context(memory), schema(its_schema), generation(upcasts.generation), chain(upcasts.chain),
          upcaster(memory, schema, *chain)
    {
    }
};

Latest &latest_of(FmgrInfo *called, const ExtensionSchema &schema)
{
    auto *const kept = static_cast<Latest *>(called->fn_extra);
    const SessionUpcasts upcasts = session_upcasts(schema);
    if (kept != nullptr && kept->generation == upcasts.generation) return *kept;
    called->fn_extra = nullptr;
    if (kept != nullptr) MemoryContextDelete(kept->context);
    const MemoryContext context =
        AllocSetContextCreate(called->fn_mcxt, "analytics latest payloads", ALLOCSET_SMALL_SIZES);
    const ExtensionSchema kept_schema{schema.oid, MemoryContextStrdup(context, schema.prefix)};
    auto *const made = make_owned<Latest>(context, context, kept_schema, upcasts);
    called->fn_extra = made;
    return *made;
}

} // namespace
} // namespace analytics::pg

ANALYTICS_FUNCTION(analytics_latest)
{
    using namespace analytics::pg;
    constexpr int event_type = 0;
    constexpr int payload = 1;
    if (PG_ARGISNULL(payload)) PG_RETURN_NULL();
    if (PG_ARGISNULL(event_type)) return PG_GETARG_DATUM(payload);
    Latest &latest = latest_of(fcinfo->flinfo, schema_of(fcinfo));
    const Datum stored = PG_GETARG_DATUM(payload);
    const Datum seen = latest.upcaster.latest(bytes_of(PG_GETARG_DATUM(event_type)), stored);
    return seen == stored ? stored : PointerGetDatum(PG_DETOAST_DATUM_COPY(seen));
}

ANALYTICS_FUNCTION(analytics_upcast_function)
{
    using namespace analytics::pg;
    const Oid function = upcast_function(bytes_of(PG_GETARG_DATUM(0)), upcast_role(schema_of(fcinfo)));
    if (!OidIsValid(function)) PG_RETURN_NULL();
    PG_RETURN_OID(function);
}

ANALYTICS_FUNCTION(analytics_upcast_call)
{
    using namespace analytics::pg;
    const std::string_view name = bytes_of(PG_GETARG_DATUM(0));
    const Oid function = upcast_function(name, upcast_role(schema_of(fcinfo)));
    if (!OidIsValid(function)) refuse_upcast(name);
    const char *const schema = get_namespace_name(get_func_namespace(function));
    return text_of(quote_qualified_identifier(schema, get_func_name(function)));
}
