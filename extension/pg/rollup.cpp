#include "rollup.hpp"

#include "bags.hpp"
#include "boundary.hpp"
#include "owned.hpp"
#include "text.hpp"

#include "core/tally.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/xact.h"
#include "utils/fmgroids.h"
}

namespace analytics::pg {
namespace {

using core::HourCounts;
using core::Tenant;

/* So many bags of one key are folded: a reader adds up a score at most, a count is rewritten once in sixteen bags. */
constexpr int many = 16;

/* Of the hour before, which is mostly over, fewer are left. */
constexpr int many_of_the_hour_before = 4;

/* One of the two tables, and where it has what. */
struct Place {
    Bags bags;
    AttrNumber tenant_id = 0; // so in the totals
    AttrNumber last_ingested_at = 0;
    AttrNumber cells = 0;
};

constexpr AttrNumber hour_column = 1;
constexpr int most_columns = 4;

Place tenants_at(const Home &home)
{
    return {
        {relation_at(home, "analytics_rollup_tenants"), relation_at(home, "analytics_rollup_tenants_hour")}, 2, 3, 4};
}

Place totals_at(const Home &home)
{
    return {{relation_at(home, "analytics_rollup_totals"), relation_at(home, "analytics_rollup_totals_hour")}, 0, 2, 3};
}

BagKey key_of(const Place &place, TimestampTz hour, const Tenant *tenant)
{
    BagKey key;
    if (place.tenant_id != 0) {
        if (*tenant)
            key.add(place.tenant_id, F_TEXTEQ,
                    TupleDescAttr(place.bags.description(), place.tenant_id - 1)->attcollation, text_of(**tenant));
        else
            key.add_null(place.tenant_id);
    }
    key.add(hour_column, F_TIMESTAMPTZ_EQ, InvalidOid, TimestampTzGetDatum(hour));
    return key;
}

class Rollup : public Upkeep {
public:
    explicit Rollup(const Home &home) : home_(home) {}

    void came(const EventRow &event) override
    {
        if (TIMESTAMP_NOT_FINITE(event.occurred_at)) return; // no minute holds it
        guarded([&] { tally_.add(event.occurred_at, event.tenant(), event.event_type, event.ingested_at); });
    }

    void went(const EventRow &event) override
    {
        if (TIMESTAMP_NOT_FINITE(event.occurred_at)) return;
        guarded([&] { tally_.remove(event.occurred_at, event.tenant(), event.event_type); });
    }

    void changed(const EventRow &before, const EventRow &after) override
    {
        if (!before.is_counted_as(after)) Upkeep::changed(before, after);
    }

    [[nodiscard]] std::size_t size() const noexcept override { return tally_.cells(); }

    void write() override;

private:
    void keep(Place &place, TimestampTz hour, const Tenant *tenant, HourCounts &counts);
    bool fold(Place &place, const BagKey &key, int least, HourCounts &sum);
    void append(Place &place, TimestampTz hour, const Tenant *tenant, const HourCounts &counts);

    const Home &home_;
    core::Tally tally_;
    HourCounts total_;
    HourCounts before_;
    std::string packed_;
    MemoryContext scratch_ = nullptr;
};

void Rollup::write()
{
    if (tally_.counts().empty()) return;
    const MemoryContext context =
        AllocSetContextCreate(CurrentMemoryContext, "analytics rollup", ALLOCSET_DEFAULT_SIZES);
    const MemoryContext outer = MemoryContextSwitchTo(context);
    Place tenants = tenants_at(home_);
    Place totals = totals_at(home_);
    scratch_ = AllocSetContextCreate(context, "analytics rollup scratch", ALLOCSET_DEFAULT_SIZES);
    MemoryContextSwitchTo(scratch_);

    const auto end = tally_.counts().end();
    for (auto at = tally_.counts().begin(); at != end;) {
        const TimestampTz hour = at->first.first;
        guarded([&] { total_ = {}; });
        for (; at != end && at->first.first == hour; ++at) {
            guarded([&] { total_.add(at->second); });
            keep(tenants, hour, &at->first.second, at->second);
        }
        keep(totals, hour, nullptr, total_);
    }

    MemoryContextSwitchTo(outer);
    tenants.bags.close();
    totals.bags.close();
    MemoryContextDelete(context);
    tally_.clear();
}

/* Appends what was counted, folded with what is there already when that has become many bags. */
void Rollup::keep(Place &place, TimestampTz hour, const Tenant *tenant, HourCounts &counts)
{
    CHECK_FOR_INTERRUPTS();
    MemoryContextReset(scratch_);
    if (!IsolationIsSerializable() && is_time_to_look(static_cast<std::uint32_t>(hour / USECS_PER_HOUR), tenant)) {
        fold(place, key_of(place, hour, tenant), many, counts);
        guarded([&] { before_ = {}; });
        if (fold(place, key_of(place, hour - USECS_PER_HOUR, tenant), many_of_the_hour_before, before_))
            append(place, hour - USECS_PER_HOUR, tenant, before_);
    }
    append(place, hour, tenant, counts);
}

/* Under SERIALIZABLE it would be wrong to come here: two writers that read each other's bags would fail for it. */
bool Rollup::fold(Place &place, const BagKey &key, int least, HourCounts &sum)
{
    if (!place.bags.are_many(key, least)) return false;
    place.bags.take(key);
    while (const HeapTuple bag = place.bags.next_taken()) {
        bool is_null = false;
        const std::string_view packed = bytes_of(heap_getattr(bag, place.cells, place.bags.description(), &is_null));
        const TimestampTz ingested_at =
            DatumGetTimestampTz(heap_getattr(bag, place.last_ingested_at, place.bags.description(), &is_null));
        guarded([&] {
            sum.bag.add(packed);
            if (!is_null) sum.ingested(ingested_at);
        });
    }
    return true;
}

void Rollup::append(Place &place, TimestampTz hour, const Tenant *tenant, const HourCounts &counts)
{
    if (counts.bag.empty()) return;
    guarded([&] { packed_ = counts.bag.pack(); });
    Datum values[most_columns]{};
    bool nulls[most_columns]{};
    values[hour_column - 1] = TimestampTzGetDatum(hour);
    if (tenant != nullptr) {
        nulls[place.tenant_id - 1] = !*tenant;
        if (*tenant) values[place.tenant_id - 1] = text_of(**tenant);
    }
    nulls[place.last_ingested_at - 1] = !counts.last_ingested_at;
    if (counts.last_ingested_at) values[place.last_ingested_at - 1] = TimestampTzGetDatum(*counts.last_ingested_at);
    values[place.cells - 1] = text_of(packed_);
    place.bags.append(values, nulls);
}

} // namespace

Upkeep *make_rollup(MemoryContext context, const Home &home)
{
    return make_owned<Rollup>(context, home);
}

} // namespace analytics::pg
