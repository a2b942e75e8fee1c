/* The frame of a procedure that works in steps, each a transaction of its own. Its first argument is a name. */
#pragma once

#include "../border/statement.hpp"

extern "C" {
#include "executor/spi.h"
#include "nodes/parsenodes.h"
}

namespace analytics::pg {

/** An argument of the procedure, for a statement. */
inline Parameter argument_of(FunctionCallInfo fcinfo, int number, Oid type)
{
    return {type, fcinfo->args[number].value, PG_ARGISNULL(number)};
}

/** Runs the procedure's work, which commits, with the name that is its first argument. */
template <class Work> void run_procedure(FunctionCallInfo fcinfo, const char *procedure, Work work)
{
    const auto *const call = fcinfo->context != nullptr && IsA(fcinfo->context, CallContext)
                                 ? reinterpret_cast<CallContext *>(fcinfo->context)
                                 : nullptr;
    if (call == nullptr || call->atomic)
        ereport(ERROR,
                (errcode(ERRCODE_ACTIVE_SQL_TRANSACTION), errmsg("%s cannot run inside a transaction block", procedure),
                 errdetail("It commits after each step."), errhint("Run the CALL outside a transaction block.")));
    if (PG_ARGISNULL(0)) ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("name must not be null")));
    SPI_connect_ext(SPI_OPT_NONATOMIC);
    work(schema_of(fcinfo), text_to_cstring(PG_GETARG_TEXT_PP(0)));
    SPI_finish();
}

} // namespace analytics::pg
