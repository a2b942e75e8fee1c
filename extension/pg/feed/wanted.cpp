#include "wanted.hpp"

#include "../border/session_copy.hpp"
#include "../border/text.hpp"

#include <algorithm>
#include <new>

namespace analytics::pg {
namespace {

/* One row of the table, as plain data in the current memory context. */
struct FeedRow {
    Datum source = 0;
    std::optional<Texts> types;
    std::optional<Datum> tenant;
    FeedRow *next = nullptr;
};

SessionCopy<Wanted> session_copy;

FeedRow *read_row(const TableRow &table_row, FeedRow *next)
{
    return new (palloc(sizeof(FeedRow))) FeedRow{table_row.text("source"), table_row.optional_texts("event_types"),
                                                 table_row.optional_text("tenant_id"), next};
}

WantedEvents wanted_by(const FeedRow &row)
{
    WantedEvents wanted;
    if (row.tenant) wanted.tenant.emplace(detoasted_bytes(*row.tenant));
    if (!row.types) return wanted;
    wanted.types.emplace();
    for (int i = 0; i < row.types->count; ++i) wanted.types->emplace_back(detoasted_bytes(row.types->items[i]));
    return wanted;
}

Wanted wanted_by_all(const FeedRow *rows)
{
    Wanted wanted;
    for (const FeedRow *row = rows; row != nullptr; row = row->next)
        if (const std::string_view source = detoasted_bytes(row->source); source == "events")
            wanted.events.push_back(wanted_by(*row));
        else if (source == "counts")
            wanted.counts.push_back(wanted_by(*row));
        else if (source == "dead_letters")
            wanted.dead_letters = true;
        else
            wanted.projections.emplace_back(source);
    return wanted;
}

} // namespace

bool WantedEvents::takes(std::string_view type, const std::optional<std::string_view> &tenant_of_event) const
{
    return (!tenant || tenant_of_event == *tenant) &&
           (!types || std::find(types->begin(), types->end(), type) != types->end());
}

bool take(const std::vector<WantedEvents> &feeds, std::string_view type,
          const std::optional<std::string_view> &tenant_of_event)
{
    return std::any_of(feeds.begin(), feeds.end(),
                       [&](const WantedEvents &feed) { return feed.takes(type, tenant_of_event); });
}

const std::shared_ptr<const Wanted> &wanted_by_feeds(const ExtensionSchema &schema)
{
    constexpr char table[] = "analytics_feeds";
    return session_copy.of_now(schema, table, added_relation_in(schema, table), read_row, wanted_by_all).copy;
}

} // namespace analytics::pg
