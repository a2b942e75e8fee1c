/* Arguments taken apart, and composite answers put together. PostgreSQL phases. */
#pragma once

#include "postgres.hpp"

extern "C" {
#include "access/htup_details.h"
#include "commands/trigger.h"
#include "funcapi.h"
}

namespace analytics::pg {

/** An array argument, taken apart. Elements are null where is_null says so. */
struct Elements {
    Datum *values = nullptr;
    bool *nulls = nullptr;
    int count = 0;

    [[nodiscard]] bool is_null(int index) const noexcept { return values == nullptr || nulls[index]; }
};

/** A one-dimensional array's elements; a null argument gives none. An array of more dimensions is SQLSTATE 2202E. */
Elements elements_of(FunctionCallInfo fcinfo, int argument);

/** The row type that the function being called answers with, or in a set of. */
TupleDesc answer_type(FunctionCallInfo fcinfo);

/** Of a trigger function; an error where it is called as another. */
TriggerData *trigger_of(FunctionCallInfo fcinfo);

Datum row_of(TupleDesc type, Datum *values, bool *nulls);

} // namespace analytics::pg
