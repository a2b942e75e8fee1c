/* The module's magic, and the counts of its objects. */

#include "counted.hpp"
#include "postgres.hpp"

extern "C" {
#include "access/htup_details.h"
#include "funcapi.h"

PG_MODULE_MAGIC;
}

ANALYTICS_FUNCTION(boundary_counts)
{
    TupleDesc type = nullptr;
    if (get_call_result_type(fcinfo, nullptr, &type) != TYPEFUNC_COMPOSITE)
        elog(ERROR, "return type must be a row type");
    Datum values[] = {Int64GetDatum(boundary::counts.made), Int64GetDatum(boundary::counts.destroyed),
                      BoolGetDatum(boundary::counts.backwards)};
    bool nulls[] = {false, false, false};
    boundary::counts = {};
    return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(type), values, nulls));
}
