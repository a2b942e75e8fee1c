/* analytics_as_owner: a function that does its work with the rights of whoever owns the tables.
 *
 * The SQL function NAME is declared with it, and a function _NAME of the same arguments and result does the work. What a
 * function reads and writes may run code of the tables' owner: triggers, policies, a view in a table's place. SECURITY
 * DEFINER would run that code as whoever installed the extension, a superuser. Here it runs as the owner alone.
 *
 * The call goes on in the same FunctionCallInfo, as with PostgreSQL's own fmgr_security_definer: so a set's rows need no
 * second way out. The identity is put on for each call of the work and taken off after it; after an error the
 * (sub)transaction's end takes it off. */

#include "../border/boundary.hpp"
#include "../border/extension_schema.hpp"

extern "C" {
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
}

namespace analytics::pg {

namespace {

/* _NAME, for the calls of NAME in one statement. */
FmgrInfo *work_of(FunctionCallInfo fcinfo, const Home &home)
{
    FmgrInfo *const called = fcinfo->flinfo;
    if (called->fn_extra != nullptr) return static_cast<FmgrInfo *>(called->fn_extra);
    char *const name = psprintf("_%s", get_func_name(called->fn_oid));
    Oid *types = nullptr;
    int count = 0;
    get_func_signature(called->fn_oid, &types, &count);
    const Oid function = GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum(name),
                                         PointerGetDatum(buildoidvector(types, count)), ObjectIdGetDatum(home.schema));
    if (!OidIsValid(function))
        ereport(ERROR,
                (errcode(ERRCODE_UNDEFINED_FUNCTION), errmsg("function %s%s does not exist", home.prefix, name)));
    auto *const work = static_cast<FmgrInfo *>(MemoryContextAllocZero(called->fn_mcxt, sizeof(FmgrInfo)));
    fmgr_info_cxt(function, work, called->fn_mcxt);
    work->fn_expr = called->fn_expr;
    called->fn_extra = work;
    return work;
}

} // namespace

} // namespace analytics::pg

ANALYTICS_FUNCTION(analytics_as_owner)
{
    using namespace analytics;
    const pg::Home home = pg::home_of(fcinfo);
    FmgrInfo *const called = fcinfo->flinfo;
    FmgrInfo *const work = pg::work_of(fcinfo, home);
    const Oid owner = DatumGetObjectId(OidFunctionCall0(pg::function_at(home, "_analytics_owner")));

    Oid caller = InvalidOid;
    int context = 0;
    GetUserIdAndSecContext(&caller, &context);
    SetUserIdAndSecContext(owner, context | SECURITY_LOCAL_USERID_CHANGE);
    fcinfo->flinfo = work;
    Datum result = 0;
    PG_TRY();
    {
        result = FunctionCallInvoke(fcinfo);
    }
    PG_FINALLY();
    {
        fcinfo->flinfo = called;
    }
    PG_END_TRY();
    SetUserIdAndSecContext(caller, context);
    return result;
}
