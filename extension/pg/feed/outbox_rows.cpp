#include "outbox_rows.hpp"

#include "../border/text.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "commands/sequence.h"
#include "miscadmin.h"
#include "utils/memutils.h"
}

#include <iterator>

namespace analytics::pg {
namespace {

constexpr ReadColumn columns[] = {{"number", INT8OID},
                                  {"tenant_id", TEXTOID, Nulls::allowed},
                                  {"first_time", TIMESTAMPTZOID},
                                  {"last_time", TIMESTAMPTZOID},
                                  {"changes", INT4OID},
                                  {"event_types", TEXTARRAYOID},
                                  {"ids", UUIDARRAYOID},
                                  {"times", TIMESTAMPTZARRAYOID},
                                  {"operations", CHARARRAYOID},
                                  {"type_numbers", INT2ARRAYOID},
                                  {"source", TEXTOID, Nulls::allowed},
                                  {"keys", BYTEAARRAYOID, Nulls::allowed}};

} // namespace

OutboxRows::OutboxRows(const ExtensionSchema &schema)
    : context_(AllocSetContextCreate(CurrentMemoryContext, "analytics outbox", ALLOCSET_DEFAULT_SIZES)),
      outer_(MemoryContextSwitchTo(context_)), rows_(schema, "analytics_outbox", columns),
      sequence_(relation_in(schema, "analytics_outbox_number_seq"))
{
    MemoryContextSwitchTo(AllocSetContextCreate(context_, "analytics row of the outbox", ALLOCSET_DEFAULT_SIZES));
}

void OutboxRows::append(const OutboxRow &row)
{
    CHECK_FOR_INTERRUPTS();
    const Datum values[] = {Int64GetDatum(nextval_internal(sequence_, false)),
                            row.tenant ? text_of(*row.tenant) : Datum{0},
                            TimestampTzGetDatum(row.first_time),
                            TimestampTzGetDatum(row.last_time),
                            Int32GetDatum(static_cast<std::int32_t>(row.changes)),
                            row.event_types,
                            row.ids,
                            row.times,
                            row.operations,
                            row.type_numbers,
                            row.source.value,
                            row.keys.value};
    static_assert(std::size(values) == std::size(columns));
    const bool nulls[] = {false, !row.tenant,       false,          false, false, false, false, false, false,
                          false, row.source.isnull, row.keys.isnull};
    static_assert(std::size(nulls) == std::size(columns));
    rows_.append(values, nulls);
    MemoryContextReset(CurrentMemoryContext);
}

void OutboxRows::close()
{
    MemoryContextSwitchTo(outer_);
    rows_.close();
    MemoryContextDelete(context_);
}

} // namespace analytics::pg
