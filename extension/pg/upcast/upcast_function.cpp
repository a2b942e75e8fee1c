#include "upcast_function.hpp"

#include "../border/text.hpp"

extern "C" {
#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "nodes/pg_list.h"
#include "nodes/value.h"
#include "utils/acl.h"
#include "utils/regproc.h"
#include "utils/syscache.h"
#include "utils/varlena.h"
}

namespace analytics::pg {
namespace {

/* Schema and name, as format('%I.%I') has written them; NIL for anything else. */
List *parts_of(std::string_view name)
{
    char *const text = pnstrdup(name.data(), name.size());
    List *parts = NIL;
    if (!SplitIdentifierString(text, '.', &parts) || list_length(parts) != 2) return NIL;
    return parts;
}

bool may_execute(Oid function, Oid role)
{
#if PG_VERSION_NUM >= 160000
    return object_aclcheck(ProcedureRelationId, function, role, ACL_EXECUTE) == ACLCHECK_OK;
#else
    return pg_proc_aclcheck(function, role, ACL_EXECUTE) == ACLCHECK_OK;
#endif
}

} // namespace

Oid upcast_role(const ExtensionSchema &schema)
{
    const HeapTuple found = SearchSysCache1(RELOID, ObjectIdGetDatum(relation_in(schema, "analytics_contracts")));
    if (!HeapTupleIsValid(found))
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE), errmsg("analytics_contracts has just been dropped")));
    const Oid owner = reinterpret_cast<Form_pg_class>(GETSTRUCT(found))->relowner;
    ReleaseSysCache(found);
    return owner;
}

Oid upcast_function(std::string_view name, Oid role)
{
    const List *const parts = parts_of(name);
    if (parts == NIL) return InvalidOid;
    const Oid schema = get_namespace_oid(static_cast<const char *>(linitial(parts)), true);
    if (!OidIsValid(schema)) return InvalidOid;
    const Oid argument = JSONBOID;
    const HeapTuple found = SearchSysCache3(PROCNAMEARGSNSP, PointerGetDatum(lsecond(parts)),
                                            PointerGetDatum(buildoidvector(&argument, 1)), ObjectIdGetDatum(schema));
    if (!HeapTupleIsValid(found)) return InvalidOid;
    const auto *const function = reinterpret_cast<Form_pg_proc>(GETSTRUCT(found));
    const bool is_upcast = function->prokind == PROKIND_FUNCTION && !function->proretset &&
                           function->prorettype == JSONBOID && function->provolatile == PROVOLATILE_IMMUTABLE &&
                           (function->proowner == role || superuser_arg(function->proowner));
    const Oid oid = function->oid;
    ReleaseSysCache(found);
    return is_upcast && may_execute(oid, role) ? oid : InvalidOid;
}

void refuse_upcast(std::string_view name)
{
    ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                    errmsg("the upcast function %.*s(jsonb) must be there, and belong to the owner of "
                           "analytics_contracts or to a superuser",
                           static_cast<int>(name.size()), name.data()),
                    errhint("It must be IMMUTABLE, from jsonb to jsonb, and runs with the rights of the owner of "
                            "analytics_contracts, who must have EXECUTE on it.")));
    pg_unreachable();
}

} // namespace analytics::pg
