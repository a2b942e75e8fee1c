/* _analytics_fold_hour, _analytics_fold_bucket: replace the bags of a key by their sum, also a few. Writers fold many.
 * Who may insert and delete bags may call them. */

#include "../border/arguments.hpp"
#include "../border/owned.hpp"
#include "../border/text.hpp"
#include "../projection/projection_maintainer.hpp"
#include "../rollup/rollup_maintainer.hpp"

extern "C" {
#include "miscadmin.h"
#include "utils/acl.h"
}

namespace analytics::pg {
namespace {

/* The tenant that an argument names; it lives as long as the context. */
const core::Tenant &tenant_at(MemoryContext context, FunctionCallInfo fcinfo, int argument)
{
    auto *const tenant = make_owned<core::Tenant>(context);
    if (!PG_ARGISNULL(argument)) {
        const std::string_view name = bytes_of(fcinfo->args[argument].value);
        guarded([&] { tenant->emplace(name); });
    }
    return *tenant;
}

void require_rights(const ExtensionSchema &schema, const char *table)
{
    const Oid bags = relation_in(schema, table);
    for (const AclMode right : {AclMode{ACL_INSERT}, AclMode{ACL_DELETE}})
        if (const AclResult result = pg_class_aclcheck(bags, GetUserId(), right); result != ACLCHECK_OK)
            aclcheck_error(result, OBJECT_TABLE, table);
}

/* Runs fold(context) in a memory context of its own. */
template <class Fold> Datum in_own_context(Fold fold)
{
    const MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "analytics fold", ALLOCSET_DEFAULT_SIZES);
    const MemoryContext outer = MemoryContextSwitchTo(context);
    const std::int64_t gone = fold(context);
    MemoryContextSwitchTo(outer);
    MemoryContextDelete(context);
    return Int64GetDatum(gone);
}

} // namespace
} // namespace analytics::pg

ANALYTICS_FUNCTION(analytics_fold_hour)
{
    using namespace analytics::pg;
    constexpr int hour = 0;
    constexpr int newest = 1;
    constexpr int of_totals = 2;
    constexpr int tenant = 3;
    for (const int required : {int{hour}, int{newest}, int{of_totals}})
        if (PG_ARGISNULL(required))
            ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                            errmsg("hour, newest_ingestion and of_totals must not be null")));
    const ExtensionSchema schema = schema_of(fcinfo);
    require_rights(schema, PG_GETARG_BOOL(of_totals) ? "analytics_rollup_totals" : "analytics_rollup_tenants");
    return in_own_context([&](MemoryContext context) {
        const auto *const name = PG_GETARG_BOOL(of_totals) ? nullptr : &tenant_at(context, fcinfo, tenant);
        return fold_hour(context, schema, PG_GETARG_TIMESTAMPTZ(hour), name, PG_GETARG_TIMESTAMPTZ(newest));
    });
}

ANALYTICS_FUNCTION(analytics_fold_bucket)
{
    using namespace analytics::pg;
    constexpr int projection = 0;
    constexpr int bucket_start = 1;
    constexpr int tenant = 2;
    if (PG_ARGISNULL(projection) || PG_ARGISNULL(bucket_start))
        ereport(ERROR,
                (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("projection and bucket_start must not be null")));
    const ExtensionSchema schema = schema_of(fcinfo);
    require_rights(schema, "analytics_projection_bags");
    return in_own_context([&](MemoryContext context) {
        return fold_bucket(context, schema, PG_GETARG_INT32(projection), PG_GETARG_TIMESTAMPTZ(bucket_start),
                           tenant_at(context, fcinfo, tenant));
    });
}
