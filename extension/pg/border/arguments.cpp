#include "arguments.hpp"

extern "C" {
#include "utils/array.h"
#include "utils/lsyscache.h"
}

namespace analytics::pg {

Elements elements_of(FunctionCallInfo fcinfo, int argument)
{
    Elements elements{};
    if (PG_ARGISNULL(argument)) return elements;
    ArrayType *const array = PG_GETARG_ARRAYTYPE_P(argument);
    if (ARR_NDIM(array) > 1)
        ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR), errmsg("array must have one dimension")));
    int16 length = 0;
    bool by_value = false;
    char alignment = 0;
    get_typlenbyvalalign(ARR_ELEMTYPE(array), &length, &by_value, &alignment);
    deconstruct_array(array, ARR_ELEMTYPE(array), length, by_value, alignment, &elements.values, &elements.nulls,
                      &elements.count);
    return elements;
}

TupleDesc result_type(FunctionCallInfo fcinfo)
{
    TupleDesc type = nullptr;
    if (get_call_result_type(fcinfo, nullptr, &type) != TYPEFUNC_COMPOSITE)
        elog(ERROR, "return type must be a row type");
    return BlessTupleDesc(type);
}

TriggerData *trigger_of(FunctionCallInfo fcinfo)
{
    if (!CALLED_AS_TRIGGER(fcinfo))
        ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED), errmsg("must be called as a trigger")));
    return reinterpret_cast<TriggerData *>(fcinfo->context);
}

Datum row_of(TupleDesc type, Datum *values, bool *nulls)
{
    return HeapTupleGetDatum(heap_form_tuple(type, values, nulls));
}

} // namespace analytics::pg
