#include "rollup_maintainer.hpp"

#include "../../core/tally.hpp"
#include "../border/boundary.hpp"
#include "../border/owned.hpp"
#include "../border/text.hpp"
#include "bags.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "utils/fmgroids.h"
}

namespace analytics::pg {
namespace {

using core::HourCounts;
using core::Tenant;

/* When a key has so many small bags they are folded. The seconds of a busy hour make a bag large, so that it is stored
 * apart from its row. Large bags are folded when there are as many of them: small writes would rewrite them too often.
 * A reader then adds up some twenty bags at most, of a busy hour twice as many. */
constexpr int bags_to_fold = 16;

/* The hour before is mostly over, so fewer bags of it are left. */
constexpr int bags_to_fold_before = 4;

/* The columns of both tables, but for the last, which only analytics_rollup_tenants has. */
enum Column : int { hour_column, ingested_column, cells_column, seconds_column, tenant_column };
constexpr ReadColumn columns[] = {{"hour", TIMESTAMPTZOID},
                                  {"last_ingested_at", TIMESTAMPTZOID, Nulls::allowed},
                                  {"cells", BYTEAOID},
                                  {"seconds", BYTEAOID, Nulls::allowed},
                                  {"tenant_id", TEXTOID, Nulls::allowed}};

/* tenant: nullptr in the totals. */
BagKey key_of(const Bags &bags, TimestampTz hour, const Tenant *tenant)
{
    BagKey key{bags};
    if (tenant != nullptr) {
        if (*tenant)
            key.add(tenant_column, F_TEXTEQ, text_of(**tenant));
        else
            key.add_null(tenant_column);
    }
    key.add(hour_column, F_TIMESTAMPTZ_EQ, TimestampTzGetDatum(hour));
    return key;
}

Bags bags_of_tenants(const ExtensionSchema &schema)
{
    return Bags{schema, "analytics_rollup_tenants", "analytics_rollup_tenants_hour", columns, &columns[seconds_column]};
}

Bags bags_of_totals(const ExtensionSchema &schema)
{
    return Bags{schema, "analytics_rollup_totals", "analytics_rollup_totals_hour",
                std::span{columns}.first<tenant_column>(), &columns[seconds_column]};
}

class RollupMaintainer : public Maintainer {
public:
    explicit RollupMaintainer(const ExtensionSchema &schema) : schema_(schema) {}

    void inserted(const EventRow &event) override
    {
        if (TIMESTAMP_NOT_FINITE(event.occurred_at)) return; // no minute holds it
        guarded([&] { tally_.add(event.occurred_at, event.tenant, event.event_type, event.ingested_at); });
    }

    void deleted(const EventRow &event) override
    {
        if (TIMESTAMP_NOT_FINITE(event.occurred_at)) return;
        guarded([&] { tally_.remove(event.occurred_at, event.tenant, event.event_type); });
    }

    void updated(const EventRow &before, const EventRow &after) override
    {
        if (!before.is_counted_as(after)) return Maintainer::updated(before, after);
        if (after.ingested_at <= before.ingested_at || TIMESTAMP_NOT_FINITE(after.occurred_at)) return;
        guarded([&] { tally_.ingested(after.occurred_at, after.tenant, after.ingested_at); });
    }

    [[nodiscard]] std::size_t size() const noexcept override { return tally_.bytes() / bytes_per_allocation; }

    void write() override;

    /** See fold_hour below. */
    std::int64_t fold_hour(TimestampTz hour, const Tenant *tenant, TimestampTz newest);

private:
    void keep(Bags &bags, TimestampTz hour, const Tenant *tenant, HourCounts &counts);
    std::int64_t fold(Bags &bags, const BagKey &key, int least, HourCounts &sum, BagSizes sizes = BagSizes::all);
    static void add(const Bags &bags, HeapTuple bag, HourCounts &sum);
    void append(Bags &bags, TimestampTz hour, const Tenant *tenant, const HourCounts &counts);

    static constexpr std::size_t bytes_per_allocation = 200;

    const ExtensionSchema &schema_;
    core::Tally tally_;
    HourCounts total_;
    HourCounts before_;
    core::PackedBag packed_;
    MemoryContext scratch_ = nullptr;
};

void RollupMaintainer::write()
{
    if (tally_.counts().empty()) return;
    const MemoryContext context =
        AllocSetContextCreate(CurrentMemoryContext, "analytics rollup", ALLOCSET_DEFAULT_SIZES);
    const MemoryContext outer = MemoryContextSwitchTo(context);
    Bags tenants = bags_of_tenants(schema_);
    Bags totals = bags_of_totals(schema_);
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
    tenants.close();
    totals.close();
    MemoryContextDelete(context);
    tally_.clear();
}

/* Appends the counts as a bag. When the key has many bags, they are folded into it. */
void RollupMaintainer::keep(Bags &bags, TimestampTz hour, const Tenant *tenant, HourCounts &counts)
{
    CHECK_FOR_INTERRUPTS();
    MemoryContextReset(scratch_);
    if (!IsolationIsSerializable() && is_time_to_fold(static_cast<std::uint32_t>(hour / USECS_PER_HOUR), tenant)) {
        const BagKey key = key_of(bags, hour, tenant);
        if (fold(bags, key, bags_to_fold, counts, BagSizes::small) == 0) fold(bags, key, 2 * bags_to_fold, counts);
        guarded([&] { before_ = {}; });
        if (fold(bags, key_of(bags, hour - USECS_PER_HOUR, tenant), bags_to_fold_before, before_) > 0)
            append(bags, hour - USECS_PER_HOUR, tenant, before_);
    }
    // An UPDATE of ingested_at alone rewrites an existing bag: else it would add one for each hour that has events.
    const bool is_ingestion_alone = guarded([&] { return counts.last_ingested_at && counts.bag.empty(); });
    if (is_ingestion_alone && !IsolationIsSerializable())
        if (const HeapTuple bag = bags.take_one(key_of(bags, hour, tenant))) add(bags, bag, counts);
    append(bags, hour, tenant, counts);
}

/* Adds the key's bags to the sum and deletes them, if there are so many. Returns their number. Not under SERIALIZABLE:
 * two writers that read each other's bags would fail. */
std::int64_t RollupMaintainer::fold(Bags &bags, const BagKey &key, int least, HourCounts &sum, BagSizes sizes)
{
    if (!bags.are_many(key, least, sizes)) return 0;
    std::int64_t taken = 0;
    bags.take(key, sizes);
    while (const HeapTuple bag = bags.next_taken()) {
        ++taken;
        add(bags, bag, sum);
    }
    return taken;
}

std::int64_t RollupMaintainer::fold_hour(TimestampTz hour, const Tenant *tenant, TimestampTz newest)
{
    scratch_ = CurrentMemoryContext;
    Bags bags = tenant == nullptr ? bags_of_totals(schema_) : bags_of_tenants(schema_);
    guarded([&] { total_ = {}; });
    std::int64_t gone = fold(bags, key_of(bags, hour, tenant), 1, total_);
    // Where all bags that there are count nothing by minute, the hour has no event, and so none in any second.
    const bool is_of_nothing = guarded([&] {
        if (!bags.has_skipped() && !total_.bag.has_minutes()) total_.bag = {};
        return total_.bag.has_seconds() && total_.bag.empty();
    });
    const bool is_needed = !is_of_nothing || (total_.last_ingested_at && *total_.last_ingested_at >= newest);
    if (gone > 0 && is_needed) {
        append(bags, hour, tenant, total_);
        --gone;
    }
    bags.close();
    return gone;
}

void RollupMaintainer::add(const Bags &bags, HeapTuple bag, HourCounts &sum)
{
    bool is_null = false;
    const std::string_view packed = bytes_of(bags.value(bag, cells_column, &is_null));
    const Datum seconds = bags.value(bag, seconds_column, &is_null);
    std::optional<std::string_view> packed_seconds;
    if (!is_null) packed_seconds = bytes_of(seconds);
    const TimestampTz ingested_at = DatumGetTimestampTz(bags.value(bag, ingested_column, &is_null));
    guarded([&] {
        sum.bag.add(packed, packed_seconds);
        if (!is_null) sum.ingested(ingested_at);
    });
}

void RollupMaintainer::append(Bags &bags, TimestampTz hour, const Tenant *tenant, const HourCounts &counts)
{
    const bool is_empty = guarded([&] {
        if (counts.empty()) return true;
        counts.bag.pack(packed_);
        return false;
    });
    if (is_empty) return;
    const bool has_tenant = tenant != nullptr && *tenant;
    const Datum values[] = {TimestampTzGetDatum(hour), TimestampTzGetDatum(counts.last_ingested_at.value_or(0)),
                            text_of(packed_.cells), packed_.has_seconds ? text_of(packed_.seconds) : Datum{0},
                            has_tenant ? text_of(**tenant) : Datum{0}};
    const bool nulls[] = {false, !counts.last_ingested_at, false, !packed_.has_seconds, !has_tenant};
    bags.append(values, nulls);
}

} // namespace

Maintainer *make_rollup_maintainer(MemoryContext context, const ExtensionSchema &schema)
{
    return make_owned<RollupMaintainer>(context, schema);
}

std::int64_t fold_hour(MemoryContext context, const ExtensionSchema &schema, TimestampTz hour, const Tenant *tenant,
                       TimestampTz newest)
{
    return make_owned<RollupMaintainer>(context, schema)->fold_hour(hour, tenant, newest);
}

} // namespace analytics::pg
