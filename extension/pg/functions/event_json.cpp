/* _analytics_event_json: an event as JSON. */

#include "../feed/event_json.hpp"

extern "C" {
#include "utils/typcache.h"
}

ANALYTICS_FUNCTION(analytics_event_json)
{
    using namespace analytics::pg;
    const HeapTupleHeader event = PG_GETARG_HEAPTUPLEHEADER(0);
    const TupleDesc type = lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(event), HeapTupleHeaderGetTypMod(event));
    require_columns(type, event_columns);
    HeapTupleData tuple{};
    tuple.t_len = HeapTupleHeaderGetDatumLength(event);
    tuple.t_data = event;
    Datum values[std::size(event_columns)];
    bool nulls[std::size(event_columns)];
    heap_deform_tuple(&tuple, type, values, nulls);
    ReleaseTupleDesc(type);
    return EventJson{}.of(values, nulls);
}
