#include "outbox_maintainer.hpp"

#include "../border/owned.hpp"
#include "../border/text.hpp"
#include "array_of.hpp"
#include "outbox_rows.hpp"
#include "wanted.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/uuid.h"
}

#include <algorithm>
#include <cstring>
#include <map>
#include <utility>

namespace analytics::pg {
namespace {

struct Change {
    pg_uuid_t id;
    TimestampTz occurred_at;
    std::int16_t type_number; // from 1
    Noted noted;
};

/* One row of the outbox. */
struct Changes {
    std::vector<std::string> types;
    std::vector<Change> changes;

    std::int16_t number_of(std::string_view type)
    {
        auto at = std::find(types.begin(), types.end(), type);
        if (at == types.end()) at = types.emplace(types.end(), type);
        return static_cast<std::int16_t>(at - types.begin() + 1);
    }
};

class OutboxMaintainer : public Maintainer {
public:
    OutboxMaintainer(const ExtensionSchema &schema, std::shared_ptr<const Wanted> wanted)
        : schema_(schema), wanted_(std::move(wanted))
    {
    }

    void inserted(const EventRow &event) override { keep(event, Noted::put); }
    void deleted(const EventRow &event) override { keep(event, Noted::deleted); }

    void updated(const EventRow &before, const EventRow &after) override
    {
        if (!has_same_key(before, after))
            deleted(before);
        else if (!before.is_counted_as(after))
            keep(before, Noted::left);
        inserted(after);
    }

    [[nodiscard]] std::size_t size() const noexcept override { return size_; }

    void write() override;

private:
    using Tenants = std::map<std::optional<std::string>, std::vector<Changes>, std::less<>>;

    static bool has_same_key(const EventRow &one, const EventRow &other)
    {
        return one.occurred_at == other.occurred_at &&
               std::memcmp(DatumGetUUIDP(one.id()), DatumGetUUIDP(other.id()), UUID_LEN) == 0;
    }

    void keep(const EventRow &event, Noted noted);

    const ExtensionSchema &schema_;
    std::shared_ptr<const Wanted> wanted_;
    Tenants tenants_;
    std::size_t size_ = 0;
};

void OutboxMaintainer::keep(const EventRow &event, Noted noted)
{
    const pg_uuid_t &id = *DatumGetUUIDP(event.id());
    guarded([&] {
        const auto wants = [&](const WantedEvents &feed) { return feed.takes(event.event_type, event.tenant); };
        if (std::none_of(wanted_->events.begin(), wanted_->events.end(), wants)) return;
        auto at = tenants_.find(event.tenant);
        if (at == tenants_.end()) at = tenants_.try_emplace(std::optional<std::string>{event.tenant}).first;
        std::vector<Changes> &rows = at->second;
        if (rows.empty() || rows.back().changes.size() >= most_changes) rows.emplace_back();
        rows.back().changes.push_back({id, event.occurred_at, rows.back().number_of(event.event_type), noted});
        ++size_;
    });
}

void append(OutboxRows &outbox, const std::optional<std::string> &tenant, const Changes &row)
{
    const auto [first, last] =
        std::minmax_element(row.changes.begin(), row.changes.end(),
                            [](const Change &one, const Change &other) { return one.occurred_at < other.occurred_at; });
    const auto each = [&](Oid type, auto value) { return array_of(row.changes, type, value); };
    outbox.append(
        {.tenant = tenant,
         .first_time = first->occurred_at,
         .last_time = last->occurred_at,
         .changes = row.changes.size(),
         .event_types = array_of(row.types, TEXTOID, [](const std::string &type) { return text_of(type); }),
         .ids = each(UUIDOID, [](const Change &change) { return UUIDPGetDatum(&change.id); }),
         .times = each(TIMESTAMPTZOID, [](const Change &change) { return TimestampTzGetDatum(change.occurred_at); }),
         .operations =
             each(CHAROID, [](const Change &change) { return CharGetDatum(static_cast<char>(change.noted)); }),
         .type_numbers = each(INT2OID, [](const Change &change) { return Int16GetDatum(change.type_number); })});
}

void OutboxMaintainer::write()
{
    if (tenants_.empty()) return;
    OutboxRows outbox{schema_};
    for (const auto &[tenant, rows] : tenants_)
        for (const Changes &row : rows) append(outbox, tenant, row);
    outbox.close();
    tenants_.clear();
    size_ = 0;
}

} // namespace

Maintainer *make_outbox_maintainer(MemoryContext context, const ExtensionSchema &schema)
{
    const std::shared_ptr<const Wanted> &wanted = wanted_by_feeds(schema);
    return wanted->events.empty() ? nullptr : make_owned<OutboxMaintainer>(context, schema, wanted);
}

} // namespace analytics::pg
