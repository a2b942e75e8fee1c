/* jsonb as JSON, for the core's reader. PostgreSQL phase. */
#pragma once

#include "postgres.hpp"

extern "C" {
#include "utils/jsonb.h"
}

namespace analytics::pg {

/** In the current memory context. */
inline const char *json_of(Datum jsonb)
{
    Jsonb *const json = DatumGetJsonbP(jsonb);
    return JsonbToCString(nullptr, &json->root, VARSIZE(json));
}

} // namespace analytics::pg
