#include "outbox_maintainer.hpp"

#include "../border/owned.hpp"
#include "noted_changes.hpp"
#include "wanted.hpp"

#include <cstring>
#include <utility>

namespace analytics::pg {
namespace {

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

    [[nodiscard]] std::size_t size() const noexcept override { return noted_.size(); }

    void write() override { noted_.write(schema_); }

private:
    static bool has_same_key(const EventRow &one, const EventRow &other)
    {
        return one.occurred_at == other.occurred_at &&
               std::memcmp(DatumGetUUIDP(one.id()), DatumGetUUIDP(other.id()), UUID_LEN) == 0;
    }

    void keep(const EventRow &event, Noted noted);

    const ExtensionSchema &schema_;
    std::shared_ptr<const Wanted> wanted_;
    NotedChanges noted_;
};

void OutboxMaintainer::keep(const EventRow &event, Noted noted)
{
    const pg_uuid_t &id = *DatumGetUUIDP(event.id());
    guarded([&] {
        if (take(wanted_->events, event.event_type, event.tenant))
            noted_.note(event.tenant, event.event_type, event.occurred_at, noted, id);
    });
}

} // namespace

Maintainer *make_outbox_maintainer(MemoryContext context, const ExtensionSchema &schema)
{
    const std::shared_ptr<const Wanted> &wanted = wanted_by_feeds(schema);
    return wanted->events.empty() ? nullptr : make_owned<OutboxMaintainer>(context, schema, wanted);
}

} // namespace analytics::pg
