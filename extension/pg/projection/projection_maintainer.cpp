#include "projection_maintainer.hpp"

#include "../border/boundary.hpp"
#include "../border/owned.hpp"
#include "../border/text.hpp"
#include "../border/times.hpp"
#include "../feed/changed_rows.hpp"
#include "../feed/wanted.hpp"
#include "../rollup/bags.hpp"
#include "payload_reader.hpp"
#include "rule_cache.hpp"
#include "view_rows.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "utils/fmgroids.h"
}

#include <map>

namespace analytics::pg {
namespace {

using Tenant = std::optional<std::string>;

/* When a bucket and tenant have so many bags they are folded. The bucket before is mostly over, so fewer bags of it
 * are left. */
constexpr int bags_to_fold = 16;
constexpr int bags_to_fold_before = 4;

enum Column : int { projection_column, bucket_column, tenant_column, cells_column };
constexpr ReadColumn columns[] = {{"projection", INT4OID},
                                  {"bucket_start", TIMESTAMPTZOID},
                                  {"tenant_id", TEXTOID, Nulls::allowed},
                                  {"cells", BYTEAOID}};

/* One projection, and what the statement has changed in it. */
class ProjectionDelta {
public:
    using Groups = std::map<std::pair<TimestampTz, Tenant>, core::Cells>;

    ProjectionDelta(MemoryContext context, const ExtensionSchema &schema, const ProjectionRule &rule)
        : rule_(rule), reader_(context, schema, rule)
    {
    }

    [[nodiscard]] const ProjectionRule &rule() const noexcept { return rule_; }
    [[nodiscard]] Groups &groups() noexcept { return groups_; }
    [[nodiscard]] std::size_t size() const noexcept { return cells_; }

    void record(const EventRow &event, int sign)
    {
        if (!takes(event)) return;
        const core::ProjectedEvent &seen = read(event);
        guarded([&] { record(event, seen, sign); });
    }

    void change(const EventRow &before, const EventRow &after)
    {
        const bool took = takes(before);
        if (!took || !takes(after)) return record(before, -1), record(after, 1);
        const core::ProjectedEvent &old_one = read(before);
        guarded([&] { old_ = old_one; });
        const core::ProjectedEvent &new_one = read(after);
        guarded([&] {
            if (group_of(before) == group_of(after) && old_ == new_one) return;
            record(before, old_, -1);
            record(after, new_one, 1);
        });
    }

    core::Cells nothing() const { return core::Cells{rule_.projection.measures.size(), rule_.max_groups}; }

    void clear()
    {
        groups_.clear();
        cells_ = 0;
    }

private:
    [[nodiscard]] bool takes(const EventRow &event) const noexcept
    {
        return in_range(event.occurred_at) && rule_.takes(event.event_type);
    }

    const core::ProjectedEvent &read(const EventRow &event) { return reader_.read(event.event_type, event.payload()); }

    [[nodiscard]] Groups::key_type group_of(const EventRow &event) const
    {
        return {rule_.bucket_start(event.occurred_at), Tenant{event.tenant}};
    }

    void record(const EventRow &event, const core::ProjectedEvent &seen, int sign)
    {
        core::Cells &cells = groups_.try_emplace(group_of(event), nothing()).first->second;
        const std::size_t before = cells.kept().size();
        cells.record(seen, sign);
        cells_ += cells.kept().size() - before;
    }

    const ProjectionRule &rule_;
    PayloadReader reader_;
    core::ProjectedEvent old_;
    Groups groups_;
    std::size_t cells_ = 0;
};

Bags projection_bags(const ExtensionSchema &schema)
{
    return Bags{schema, "analytics_projection_bags", "analytics_projection_bags_bucket", columns};
}

class ProjectionMaintainer : public Maintainer {
public:
    /** A number that was replaced is kept only for the transaction's own snapshot, which may still show it. */
    ProjectionMaintainer(MemoryContext context, const ExtensionSchema &schema,
                         const std::shared_ptr<const ProjectionRules> &rules, std::shared_ptr<const Wanted> wanted)
        : schema_(schema), rules_(rules), wanted_(std::move(wanted))
    {
        for (const ProjectionRule &rule : *rules)
            if (!rule.is_replaced || IsolationUsesXactSnapshot()) deltas_.emplace_back(context, schema, rule);
    }

    void inserted(const EventRow &event) override
    {
        for (ProjectionDelta &delta : deltas_) delta.record(event, 1);
    }

    void deleted(const EventRow &event) override
    {
        for (ProjectionDelta &delta : deltas_) delta.record(event, -1);
    }

    void updated(const EventRow &before, const EventRow &after) override
    {
        for (ProjectionDelta &delta : deltas_) delta.change(before, after);
    }

    [[nodiscard]] std::size_t size() const noexcept override
    {
        std::size_t cells = 0;
        for (const ProjectionDelta &delta : deltas_) cells += delta.size();
        return cells;
    }

    void write() override;

    /** See fold_bucket below. */
    std::int64_t fold_bucket(std::int32_t projection, TimestampTz bucket_start, const Tenant &tenant);

private:
    void note(const ProjectionRule &rule, TimestampTz bucket_start, const Tenant &tenant, const core::Cells &cells);
    void add_keys(const ProjectionRule &rule, std::string_view bag);
    void note_displaced(const core::Cells &sum);
    void keep(const ProjectionRule &rule, TimestampTz bucket_start, const Tenant &tenant, core::Cells &cells);
    std::int64_t fold(const ProjectionRule &rule, TimestampTz bucket_start, const Tenant &tenant, int least,
                      core::Cells &sum);
    void append(const ProjectionRule &rule, TimestampTz bucket_start, const Tenant &tenant, const core::Cells &cells);

    const ExtensionSchema &schema_;
    std::shared_ptr<const ProjectionRules> rules_; // keeps those of deltas_
    std::shared_ptr<const Wanted> wanted_;
    std::vector<ChangedRows> changed_;
    std::optional<ChangedRows> folded_; // all rows of the bags that are folded
    std::optional<core::Cells> folded_bag_;
    std::vector<ProjectionDelta> deltas_;
    std::optional<core::Cells> before_;
    std::string packed_;
    Bags *bags_ = nullptr;
    MemoryContext scratch_ = nullptr;
};

void ProjectionMaintainer::write()
{
    if (std::all_of(deltas_.begin(), deltas_.end(), [](ProjectionDelta &one) { return one.groups().empty(); })) return;
    const MemoryContext context =
        AllocSetContextCreate(CurrentMemoryContext, "analytics projections", ALLOCSET_DEFAULT_SIZES);
    const MemoryContext outer = MemoryContextSwitchTo(context);
    Bags bags = projection_bags(schema_);
    bags_ = &bags; // cppcheck-suppress danglingLifetime // until the end of this, as below
    scratch_ = AllocSetContextCreate(context, "analytics projections scratch", ALLOCSET_DEFAULT_SIZES);
    MemoryContextSwitchTo(scratch_);

    for (ProjectionDelta &delta : deltas_) {
        for (auto &[group, cells] : delta.groups()) {
            MemoryContextReset(scratch_);
            note(delta.rule(), group.first, group.second, cells);
            keep(delta.rule(), group.first, group.second, cells);
        }
        delta.clear();
    }

    MemoryContextSwitchTo(outer);
    bags.close();
    bags_ = nullptr;
    MemoryContextDelete(context);
    note_rows(schema_, changed_);
    changed_.clear();
}

/* For the feeds of the projection. */
void ProjectionMaintainer::note(const ProjectionRule &rule, TimestampTz bucket_start, const Tenant &tenant,
                                const core::Cells &cells)
{
    guarded([&] {
        if (wanted_->has_projection(rule.name)) changed_.emplace_back(rule.name, bucket_start, tenant, cells);
    });
}

/* Appends the cells as a bag. When the bucket has many bags, they are folded into it; not under SERIALIZABLE: two
 * writers that read each other's bags would fail. */
void ProjectionMaintainer::keep(const ProjectionRule &rule, TimestampTz bucket_start, const Tenant &tenant,
                                core::Cells &cells)
{
    const auto number = static_cast<std::uint32_t>(bucket_start / USECS_PER_MINUTE + rule.id);
    if (!IsolationIsSerializable() && is_time_to_fold(number, &tenant)) {
        fold(rule, bucket_start, tenant, bags_to_fold, cells);
        const TimestampTz before = rule.bucket_start(std::max(bucket_start, timestamptz_of(core::min_instant) + 1) - 1);
        guarded([&] { before_.emplace(rule.projection.measures.size(), rule.max_groups); });
        if (before < bucket_start && fold(rule, before, tenant, bags_to_fold_before, *before_) > 0)
            append(rule, before, tenant, *before_);
    }
    append(rule, bucket_start, tenant, cells);
}

/* Adds the bags to the sum and deletes them, if there are so many. Returns their number. */
std::int64_t ProjectionMaintainer::fold(const ProjectionRule &rule, TimestampTz bucket_start, const Tenant &tenant,
                                        int least, core::Cells &sum)
{
    BagKey key{*bags_};
    key.add(projection_column, F_INT4EQ, Int32GetDatum(rule.id));
    key.add(bucket_column, F_TIMESTAMPTZ_EQ, TimestampTzGetDatum(bucket_start));
    if (tenant)
        key.add(tenant_column, F_TEXTEQ, text_of(*tenant));
    else
        key.add_null(tenant_column);

    if (!bags_->are_many(key, least)) return 0;
    const bool is_fed = guarded([&] { return wanted_->has_projection(rule.name); });
    if (is_fed) guarded([&] { folded_.emplace(rule.name, bucket_start, tenant, sum); });
    std::int64_t taken = 0;
    bags_->take(key);
    while (const HeapTuple bag = bags_->next_taken()) {
        ++taken;
        bool is_null = false;
        const std::string_view packed = bytes_of(bags_->value(bag, cells_column, &is_null));
        merge_bag(sum, packed);
        if (is_fed) add_keys(rule, packed);
    }
    if (is_fed) guarded([&] { note_displaced(sum); });
    return taken;
}

void ProjectionMaintainer::add_keys(const ProjectionRule &rule, std::string_view bag)
{
    guarded([&] { folded_bag_.emplace(rule.projection.measures.size(), rule.max_groups); });
    merge_bag(*folded_bag_, bag);
    guarded([&] {
        for (const auto &[key, cell] : folded_bag_->kept()) folded_->keys.push_back(key.bytes);
    });
}

/* Rows that the sum has no more, because they are beyond its limit, and of which no bag has the key from now on. */
void ProjectionMaintainer::note_displaced(const core::Cells &sum)
{
    if (!sum.other()) return;
    std::erase_if(folded_->keys, [&](const std::string &key) {
        return key == ChangedRows::other || sum.kept().contains(core::CellKey{key});
    });
    folded_->has_deleted = true;
    if (!folded_->keys.empty()) changed_.push_back(*std::move(folded_));
}

std::int64_t ProjectionMaintainer::fold_bucket(std::int32_t projection, TimestampTz bucket_start, const Tenant &tenant)
{
    const ProjectionRule &rule = rule_numbered(*rules_, projection);
    Bags bags = projection_bags(schema_);
    bags_ = &bags; // cppcheck-suppress danglingLifetime // until the end of this
    guarded([&] { before_.emplace(rule.projection.measures.size(), rule.max_groups); });
    std::int64_t gone = fold(rule, bucket_start, tenant, 1, *before_);
    if (gone > 0 && !before_->empty()) {
        append(rule, bucket_start, tenant, *before_);
        --gone;
    }
    bags.close();
    bags_ = nullptr;
    note_rows(schema_, changed_);
    return gone;
}

void ProjectionMaintainer::append(const ProjectionRule &rule, TimestampTz bucket_start, const Tenant &tenant,
                                  const core::Cells &cells)
{
    if (cells.empty()) return;
    guarded([&] { packed_ = cells.bag(); });
    const Datum values[] = {Int32GetDatum(rule.id), TimestampTzGetDatum(bucket_start),
                            tenant ? text_of(*tenant) : Datum{0}, text_of(packed_)};
    const bool nulls[] = {false, false, !tenant, false};
    bags_->append(values, nulls);
}

} // namespace

Maintainer *make_projection_maintainer(MemoryContext context, const ExtensionSchema &schema)
{
    return make_owned<ProjectionMaintainer>(context, context, schema, projection_rules(schema),
                                            wanted_by_feeds(schema));
}

std::int64_t fold_bucket(MemoryContext context, const ExtensionSchema &schema, std::int32_t projection,
                         TimestampTz bucket_start, const std::optional<std::string> &tenant)
{
    return make_owned<ProjectionMaintainer>(context, context, schema, projection_rules(schema), wanted_by_feeds(schema))
        ->fold_bucket(projection, bucket_start, tenant);
}

} // namespace analytics::pg
