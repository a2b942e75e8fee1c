#include "extension_schema.hpp"

extern "C" {
#include "catalog/pg_proc.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
}

namespace analytics::pg {

ExtensionSchema schema_of(FunctionCallInfo fcinfo)
{
    const Oid oid = get_func_namespace(fcinfo->flinfo->fn_oid);
    const char *const name = get_namespace_name(oid);
    if (name == nullptr)
        ereport(ERROR,
                (errcode(ERRCODE_UNDEFINED_SCHEMA), errmsg("schema of extension analytics_events does not exist")));
    return {oid, psprintf("%s.", quote_identifier(name))};
}

Oid relation_in(const ExtensionSchema &schema, const char *name)
{
    const Oid relation = added_relation_in(schema, name);
    if (!OidIsValid(relation))
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE), errmsg("the tables of analytics_events are missing"),
                        errdetail("Relation %s%s does not exist.", schema.prefix, name),
                        errhint("Call %sanalytics_create_tables().", schema.prefix)));
    return relation;
}

Oid added_relation_in(const ExtensionSchema &schema, const char *name)
{
    return get_relname_relid(name, schema.oid);
}

Oid function_in(const ExtensionSchema &schema, const char *name, std::initializer_list<Oid> arguments)
{
    oidvector *const types = buildoidvector(arguments.begin(), static_cast<int>(arguments.size()));
    return GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum(name), PointerGetDatum(types),
                           ObjectIdGetDatum(schema.oid));
}

} // namespace analytics::pg
