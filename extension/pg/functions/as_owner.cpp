/* What runs with the rights of the tables' owner: analytics_as_owner, a function's work, and analytics_run_as_owner,
 * statements that change a table.
 *
 * analytics_as_owner is the C function of a SQL function NAME, and calls the SQL function _NAME, which has the same
 * arguments and result. A function that reads and writes the tables may run code of their owner: triggers, policies, a
 * view in a table's place. With SECURITY DEFINER that code would run as the role that installed the extension, a
 * superuser. Here it runs as the owner.
 *
 * _NAME is called with the same FunctionCallInfo, as PostgreSQL's fmgr_security_definer does, so it may return a set.
 * The owner's identity is set for each call only. */

#include "../border/boundary.hpp"
#include "../border/extension_schema.hpp"
#include "../border/identity.hpp"

extern "C" {
#include "access/htup_details.h"
#include "catalog/pg_class.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
}

namespace analytics::pg {

namespace {

/* Finds _NAME once a statement. */
FmgrInfo *work_of(FunctionCallInfo fcinfo, const ExtensionSchema &schema)
{
    FmgrInfo *const called = fcinfo->flinfo;
    if (called->fn_extra != nullptr) return static_cast<FmgrInfo *>(called->fn_extra);
    char *const name = psprintf("_%s", get_func_name(called->fn_oid));
    Oid *types = nullptr;
    int count = 0;
    get_func_signature(called->fn_oid, &types, &count);
    const Oid function = GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum(name),
                                         PointerGetDatum(buildoidvector(types, count)), ObjectIdGetDatum(schema.oid));
    if (!OidIsValid(function))
        ereport(ERROR,
                (errcode(ERRCODE_UNDEFINED_FUNCTION), errmsg("function %s%s does not exist", schema.prefix, name)));
    auto *const work = static_cast<FmgrInfo *>(MemoryContextAllocZero(called->fn_mcxt, sizeof(FmgrInfo)));
    fmgr_info_cxt(function, work, called->fn_mcxt);
    work->fn_expr = called->fn_expr;
    called->fn_extra = work;
    return work;
}

Oid owner_of(Oid relation)
{
    const HeapTuple found = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
    if (!HeapTupleIsValid(found))
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE), errmsg("analytics_events has just been dropped")));
    const Oid owner = reinterpret_cast<Form_pg_class>(GETSTRUCT(found))->relowner;
    ReleaseSysCache(found);
    return owner;
}

} // namespace

} // namespace analytics::pg

ANALYTICS_FUNCTION(analytics_as_owner)
{
    using namespace analytics;
    const pg::ExtensionSchema schema = pg::schema_of(fcinfo);
    FmgrInfo *const called = fcinfo->flinfo;
    FmgrInfo *const work = pg::work_of(fcinfo, schema);
    const Oid owner = pg::owner_of(pg::relation_in(schema, "analytics_events"));
    Datum result = 0;
    pg::with_identity_of(owner, [&] {
        fcinfo->flinfo = work;
        PG_TRY();
        {
            result = FunctionCallInvoke(fcinfo);
        }
        PG_FINALLY();
        {
            fcinfo->flinfo = called;
        }
        PG_END_TRY();
    });
    return result;
}

ANALYTICS_FUNCTION(analytics_run_as_owner)
{
    const Oid relation = PG_GETARG_OID(0);
    const char *const statements = text_to_cstring(PG_GETARG_TEXT_PP(1));
    const Oid owner = analytics::pg::owner_of(relation);
    if (!has_privs_of_role(GetUserId(), owner))
        aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_TABLE, get_rel_name(relation));
    analytics::pg::with_identity_of(owner, [&] {
        SPI_connect();
        if (const int result = SPI_execute(statements, false, 0); result < 0)
            ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("%s", SPI_result_code_string(result))));
        SPI_finish();
    });
    return {};
}
