#include "session_upcasts.hpp"

#include "../border/owned.hpp"
#include "../border/rule_table.hpp"
#include "../border/text.hpp"
#include "upcast_rows.hpp"

namespace analytics::pg {
namespace {

constexpr char table_name[] = "analytics_contracts";

/* Lives as long as the session. */
struct Cache {
    std::shared_ptr<const core::UpcastChain> chain = std::make_shared<const core::UpcastChain>();
    std::uint64_t generation = 0;
};

TableWatch watch;
Cache *cache = nullptr;

UpcastRow *read_row(const TableRow &table_row, UpcastRow *next)
{
    const std::optional<Datum> function = table_row.optional_text("upcast");
    if (!function) return next;
    auto *const row = static_cast<UpcastRow *>(palloc(sizeof(UpcastRow)));
    *row = {detoasted_bytes(table_row.text("event_type")), DatumGetInt32(table_row.value("version", INT4OID)),
            detoasted_bytes(*function), next};
    return row;
}

void renew(const ExtensionSchema &schema)
{
    const MemoryContext scratch =
        AllocSetContextCreate(CurrentMemoryContext, "analytics upcasts scan", ALLOCSET_SMALL_SIZES);
    const MemoryContext outer = MemoryContextSwitchTo(scratch);
    UpcastRow *rows = nullptr;
    each_row(schema, table_name, [&rows](const TableRow &row) { rows = read_row(row, rows); });
    guarded([&] { cache->chain = std::make_shared<const core::UpcastChain>(chain_of(rows)); });
    MemoryContextSwitchTo(outer);
    MemoryContextDelete(scratch);
}

} // namespace

SessionUpcasts session_upcasts(const ExtensionSchema &schema)
{
    const std::uint64_t generation = watch.generation(relation_in(schema, table_name));
    if (cache == nullptr)
        cache = make_owned<Cache>(AllocSetContextCreate(CacheMemoryContext, "analytics upcasts", ALLOCSET_SMALL_SIZES));
    if (cache->generation != generation) {
        renew(schema);
        cache->generation = generation;
    }
    return {cache->chain, generation};
}

} // namespace analytics::pg
