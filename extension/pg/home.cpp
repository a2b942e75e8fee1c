#include "home.hpp"

extern "C" {
#include "utils/lsyscache.h"
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
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE), errmsg("relation %s%s does not exist", home.prefix, name)));
    return relation;
}

} // namespace analytics::pg
