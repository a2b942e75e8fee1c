/* An event as JSON, as HTTP and feeds show it: {id, eventType, source, occurredAt, ingestedAt, tenantId, payload}.
 * The bytes are those of PostgreSQL's json_build_object. PostgreSQL phase. */
#pragma once

#include "../border/columns.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
}

namespace analytics::pg {

struct EventColumn {
    enum : int { id, event_type, source, occurred_at, ingested_at, tenant_id, payload };
};

/** The columns of the type analytics_event. */
inline constexpr ReadColumn event_columns[] = {
    {"id", UUIDOID, Nulls::allowed},
    {"event_type", TEXTOID, Nulls::allowed},
    {"source", TEXTOID, Nulls::allowed},
    {"occurred_at", TIMESTAMPTZOID, Nulls::allowed},
    {"ingested_at", TIMESTAMPTZOID, Nulls::allowed},
    {"tenant_id", TEXTOID, Nulls::allowed},
    {"payload", JSONBOID, Nulls::allowed},
};

/** Writes events one after another. It lives in the memory context that is current when it is made. */
class EventJson {
public:
    EventJson();

    /** The event with these values of event_columns, as a json datum. It is valid until the next call. */
    Datum of(const Datum *values, const bool *nulls);

private:
    StringInfoData text_;
    MemoryContext scratch_;
};

} // namespace analytics::pg
