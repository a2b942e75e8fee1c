#include "wanted.hpp"

#include "../border/owned.hpp"
#include "../border/rule_table.hpp"
#include "../border/text.hpp"

#include <algorithm>

namespace analytics::pg {
namespace {

/* One row of the table, as plain data in the current memory context. */
struct FeedRow {
    std::optional<Texts> types;
    std::optional<Datum> tenant;
    FeedRow *next = nullptr;
};

/* Lives as long as the session. Running statements keep what they began with. */
struct Cache {
    std::shared_ptr<const Wanted> wanted = std::make_shared<const Wanted>();
    std::uint64_t generation = 0;
};

TableWatch watch;
Cache *cache = nullptr;

WantedEvents wanted_by(const FeedRow &row)
{
    WantedEvents wanted;
    if (row.tenant) wanted.tenant.emplace(detoasted_bytes(*row.tenant));
    if (!row.types) return wanted;
    wanted.types.emplace();
    for (int i = 0; i < row.types->count; ++i) wanted.types->emplace_back(detoasted_bytes(row.types->items[i]));
    return wanted;
}

void renew(const ExtensionSchema &schema, bool is_made)
{
    const MemoryContext scratch =
        AllocSetContextCreate(CurrentMemoryContext, "analytics feeds scan", ALLOCSET_SMALL_SIZES);
    const MemoryContext outer = MemoryContextSwitchTo(scratch);
    FeedRow *rows = nullptr;
    if (is_made)
        each_row(schema, "analytics_feeds", [&rows](const TableRow &row) {
            rows = ::new (palloc(sizeof(FeedRow)))
                FeedRow{row.optional_texts("event_types"), row.optional_text("tenant_id"), rows};
        });
    guarded([&] {
        Wanted wanted;
        for (const FeedRow *row = rows; row != nullptr; row = row->next) wanted.push_back(wanted_by(*row));
        cache->wanted = std::make_shared<const Wanted>(std::move(wanted));
    });
    MemoryContextSwitchTo(outer);
    MemoryContextDelete(scratch);
}

} // namespace

bool WantedEvents::takes(std::string_view type, const std::optional<std::string_view> &tenant_of_event) const
{
    return (!tenant || tenant_of_event == *tenant) &&
           (!types || std::find(types->begin(), types->end(), type) != types->end());
}

const std::shared_ptr<const Wanted> &wanted_events(const ExtensionSchema &schema)
{
    const Oid table = added_relation_in(schema, "analytics_feeds");
    const std::uint64_t generation = watch.generation(table);
    if (cache == nullptr)
        cache = make_owned<Cache>(AllocSetContextCreate(CacheMemoryContext, "analytics feeds", ALLOCSET_SMALL_SIZES));
    if (cache->generation != generation) {
        renew(schema, OidIsValid(table));
        cache->generation = generation;
    }
    return cache->wanted;
}

} // namespace analytics::pg
