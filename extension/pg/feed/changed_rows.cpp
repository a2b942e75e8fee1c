#include "changed_rows.hpp"

#include "../border/text.hpp"
#include "array_of.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "commands/sequence.h"
#include "miscadmin.h"
#include "utils/memutils.h"
}

#include <iterator>
#include <span>

namespace analytics::pg {
namespace {

/* As many as events in a row of the outbox: outbox_maintainer.cpp. */
constexpr std::size_t most_changes = 1000;

enum Column : int {
    number,
    source,
    tenant_id,
    first_time,
    last_time,
    count,
    event_types,
    ids,
    times,
    operations,
    type_numbers,
    keys
};
constexpr ReadColumn columns[] = {{"number", INT8OID},
                                  {"source", TEXTOID},
                                  {"tenant_id", TEXTOID, Nulls::allowed},
                                  {"first_time", TIMESTAMPTZOID},
                                  {"last_time", TIMESTAMPTZOID},
                                  {"changes", INT4OID},
                                  {"event_types", TEXTARRAYOID},
                                  {"ids", UUIDARRAYOID},
                                  {"times", TIMESTAMPTZARRAYOID},
                                  {"operations", CHARARRAYOID},
                                  {"type_numbers", INT2ARRAYOID},
                                  {"keys", BYTEAARRAYOID}};

/* A row without a type would be that of a partition that was dropped, which every tenant may see. */
void append(RowAppender &outbox, Oid sequence, const ChangedRows &changed, std::span<const std::string> some)
{
    const Datum projection = text_of(changed.projection);
    const auto operation = [&](const std::string &) { return CharGetDatum(changed.has_deleted ? 'd' : 'p'); };
    Datum values[std::size(columns)];
    values[number] = Int64GetDatum(nextval_internal(sequence, false));
    values[source] = projection;
    values[tenant_id] = changed.tenant ? text_of(*changed.tenant) : Datum{0};
    values[first_time] = values[last_time] = TimestampTzGetDatum(changed.bucket_start);
    values[count] = Int32GetDatum(static_cast<std::int32_t>(some.size()));
    values[event_types] = array_of(std::span{&projection, 1}, TEXTOID, [](Datum text) { return text; });
    values[ids] = PointerGetDatum(construct_empty_array(UUIDOID));
    values[times] = PointerGetDatum(construct_empty_array(TIMESTAMPTZOID));
    values[operations] = array_of(some, CHAROID, operation);
    values[type_numbers] = PointerGetDatum(construct_empty_array(INT2OID));
    values[keys] = array_of(some, BYTEAOID, [](const std::string &key) { return text_of(key); });
    bool nulls[std::size(columns)] = {};
    nulls[tenant_id] = !changed.tenant;
    outbox.append(values, nulls);
}

} // namespace

ChangedRows::ChangedRows(std::string_view name, TimestampTz start, std::optional<std::string_view> its_tenant,
                         const core::Cells &cells)
    : projection(name), bucket_start(start), tenant(its_tenant), has_deleted(cells.other() && cells.other()->count < 0)
{
    for (const auto &[key, cell] : cells.kept()) {
        keys.push_back(key.bytes);
        has_deleted = has_deleted || cell.count < 0;
    }
    keys.emplace_back(other);
}

void note_rows(const ExtensionSchema &schema, const std::vector<ChangedRows> &changed)
{
    if (changed.empty()) return;
    const MemoryContext context =
        AllocSetContextCreate(CurrentMemoryContext, "analytics changed rows", ALLOCSET_DEFAULT_SIZES);
    const MemoryContext outer = MemoryContextSwitchTo(context);
    RowAppender outbox{schema, "analytics_outbox", columns};
    const Oid sequence = relation_in(schema, "analytics_outbox_number_seq");
    MemoryContextSwitchTo(AllocSetContextCreate(context, "analytics changed rows scratch", ALLOCSET_DEFAULT_SIZES));
    for (const ChangedRows &rows : changed)
        for (std::span<const std::string> left{rows.keys}; !left.empty();
             left = left.subspan(std::min(left.size(), most_changes))) {
            CHECK_FOR_INTERRUPTS();
            append(outbox, sequence, rows, left.first(std::min(left.size(), most_changes)));
            MemoryContextReset(CurrentMemoryContext);
        }
    MemoryContextSwitchTo(outer);
    outbox.close();
    MemoryContextDelete(context);
}

} // namespace analytics::pg
