#include "extension_schema.hpp"

extern "C" {
#include "catalog/pg_proc.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
}

namespace analytics::pg {

Home home_of(FunctionCallInfo fcinfo)
{
    const Oid schema = get_func_namespace(fcinfo->flinfo->fn_oid);
    const char *const name = get_namespace_name(schema);
    if (name == nullptr)
        ereport(ERROR,
                (errcode(ERRCODE_UNDEFINED_SCHEMA), errmsg("schema of extension analytics_events does not exist")));
    return {schema, psprintf("%s.", quote_identifier(name))};
}

Oid relation_at(const Home &home, const char *name)
{
    const Oid relation = get_relname_relid(name, home.schema);
    if (!OidIsValid(relation))
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE), errmsg("the tables of analytics_events are missing"),
                        errdetail("Relation %s%s does not exist.", home.prefix, name),
                        errhint("Call %sanalytics_create_tables().", home.prefix)));
    return relation;
}

Oid function_at(const Home &home, const char *name)
{
    oidvector *const no_arguments = buildoidvector(nullptr, 0);
    return GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum(name), PointerGetDatum(no_arguments),
                           ObjectIdGetDatum(home.schema));
}

} // namespace analytics::pg
