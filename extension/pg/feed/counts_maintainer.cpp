#include "counts_maintainer.hpp"

#include "../../core/tally.hpp"
#include "../border/owned.hpp"
#include "noted_changes.hpp"
#include "wanted.hpp"

#include <utility>

namespace analytics::pg {
namespace {

class CountsMaintainer : public Maintainer {
public:
    CountsMaintainer(const ExtensionSchema &schema, std::shared_ptr<const Wanted> wanted)
        : schema_(schema), wanted_(std::move(wanted))
    {
    }

    void inserted(const EventRow &event) override
    {
        if (!counts(event)) return;
        guarded([&] { tally_.add(event.occurred_at, event.tenant, event.event_type, event.ingested_at); });
    }

    void deleted(const EventRow &event) override
    {
        if (!counts(event)) return;
        guarded([&] { tally_.remove(event.occurred_at, event.tenant, event.event_type); });
    }

    void updated(const EventRow &before, const EventRow &after) override
    {
        if (!before.is_counted_as(after)) Maintainer::updated(before, after);
    }

    [[nodiscard]] std::size_t size() const noexcept override { return tally_.bytes() / bytes_per_allocation; }

    void write() override
    {
        if (tally_.counts().empty()) return;
        guarded([&] {
            for (const auto &[key, counts] : tally_.counts()) note(key.first, key.second, counts.bag);
        });
        noted_.write(schema_, "counts");
        tally_.clear();
    }

private:
    static constexpr std::size_t bytes_per_allocation = 200;

    [[nodiscard]] bool counts(const EventRow &event) const
    {
        return !TIMESTAMP_NOT_FINITE(event.occurred_at) && take(wanted_->counts, event.event_type, event.tenant);
    }

    void note(core::Micros hour, const core::Tenant &tenant, const core::Bag &bag)
    {
        bag.for_each_minute(
            [&](std::string_view type, int minute, std::int64_t count, std::span<const core::SecondCount> /*seconds*/) {
                if (count == 0) return;
                const Noted noted = count < 0 ? Noted::deleted : Noted::put;
                noted_.note(tenant, type, hour + minute * core::micros_per_minute, noted);
            });
    }

    const ExtensionSchema &schema_;
    std::shared_ptr<const Wanted> wanted_;
    core::Tally tally_;
    NotedChanges noted_;
};

} // namespace

Maintainer *make_counts_maintainer(MemoryContext context, const ExtensionSchema &schema)
{
    const std::shared_ptr<const Wanted> &wanted = wanted_by_feeds(schema);
    return wanted->counts.empty() ? nullptr : make_owned<CountsMaintainer>(context, schema, wanted);
}

} // namespace analytics::pg
