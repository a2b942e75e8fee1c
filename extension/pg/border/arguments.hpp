/* Arguments of a SQL function, and the row that it returns. PostgreSQL phases. */
#pragma once

#include "postgres.hpp"

extern "C" {
#include "access/htup_details.h"
#include "commands/trigger.h"
#include "funcapi.h"
}

namespace analytics::pg {

/** The elements of an array argument. Without an array every element is null. */
struct Elements {
    Datum *values = nullptr;
    bool *nulls = nullptr;
    int count = 0;

    [[nodiscard]] bool is_null(int index) const noexcept { return values == nullptr || nulls[index]; }
};

/** The elements of a one-dimensional array; none for a null argument. More dimensions are SQLSTATE 2202E. */
Elements elements_of(FunctionCallInfo fcinfo, int argument);

/** The row type that the called function returns, or returns a set of. */
TupleDesc result_type(FunctionCallInfo fcinfo);

/** What the trigger was fired for; an error where the function was not called as a trigger. */
TriggerData *trigger_of(FunctionCallInfo fcinfo);

Datum row_of(TupleDesc type, Datum *values, bool *nulls);

} // namespace analytics::pg
