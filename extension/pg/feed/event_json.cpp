#include "event_json.hpp"

#include "../../core/text/uuid.hpp"
#include "../border/times.hpp"

extern "C" {
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"
#include "utils/uuid.h"
}

namespace analytics::pg {
namespace {

void append_view(StringInfo out, std::string_view text)
{
    appendBinaryStringInfo(out, text.data(), static_cast<int>(text.size()));
}

void append_uuid(StringInfo out, Datum id)
{
    appendStringInfoChar(out, '"');
    append_view(out, core::uuid_text(DatumGetUUIDP(id)->data).view());
    appendStringInfoChar(out, '"');
}

void append_instant(StringInfo out, Datum time)
{
    appendStringInfoChar(out, '"');
    appendStringInfoString(out, text_of_instant(DatumGetTimestampTz(time)));
    appendStringInfoChar(out, '"');
}

void append_text(StringInfo out, Datum value)
{
    escape_json(out, text_to_cstring(DatumGetTextPP(value)));
}

void append_payload(StringInfo out, Datum payload)
{
    Jsonb *const json = DatumGetJsonbP(payload);
    JsonbToCString(out, &json->root, VARSIZE(json));
}

struct Member {
    std::string_view name;
    void (*append)(StringInfo out, Datum value);
};

/* In the order of event_columns. */
constexpr Member members[] = {
    {R"({"id" : )", append_uuid},
    {R"(, "eventType" : )", append_text},
    {R"(, "source" : )", append_text},
    {R"(, "occurredAt" : )", append_instant},
    {R"(, "ingestedAt" : )", append_instant},
    {R"(, "tenantId" : )", append_text},
    {R"(, "payload" : )", append_payload},
};
static_assert(std::size(members) == std::size(event_columns));

} // namespace

EventJson::EventJson()
    : text_(), scratch_(AllocSetContextCreate(CurrentMemoryContext, "analytics event as JSON", ALLOCSET_DEFAULT_SIZES))
{
    initStringInfo(&text_);
}

Datum EventJson::of(const Datum *values, const bool *nulls)
{
    const MemoryContext outer = MemoryContextSwitchTo(scratch_);
    resetStringInfo(&text_);
    appendStringInfoSpaces(&text_, VARHDRSZ);
    for (std::size_t i = 0; i < std::size(members); ++i) {
        append_view(&text_, members[i].name);
        if (nulls[i])
            append_view(&text_, "null");
        else
            members[i].append(&text_, values[i]);
    }
    appendStringInfoChar(&text_, '}');
    SET_VARSIZE(text_.data, text_.len);
    MemoryContextSwitchTo(outer);
    MemoryContextReset(scratch_);
    return PointerGetDatum(text_.data);
}

} // namespace analytics::pg
