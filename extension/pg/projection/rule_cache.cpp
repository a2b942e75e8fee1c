#include "rule_cache.hpp"

#include "../../core/error.hpp"
#include "../border/session_copy.hpp"
#include "../border/text.hpp"
#include "../upcast/upcast_rows.hpp"

namespace analytics::pg {
namespace {

/* A number of one row of the table, as plain data in the current memory context. */
struct RuleRow {
    std::int32_t id;
    Datum name;
    UpcastRow *upcasts;
    bool is_replaced;
    bool of_every_type;
    Texts event_types;
    Datum dimensions, measures;
    Interval bucket;
    std::int32_t max_groups;
    RuleRow *next;
};

SessionCopy<ProjectionRules> session_copy;

/* The columns of a number and of its upcasts. A table of the release before has the first alone. */
struct NumberColumns {
    const char *id;
    const char *upcasts;
    bool is_replaced;
};
constexpr NumberColumns numbers[] = {
    {"id", "upcasts", false}, {"next_id", "next_upcasts", false}, {"last_id", "last_upcasts", true}};

RuleRow *read_number(const TableRow &table_row, const NumberColumns &number, RuleRow *next)
{
    const std::optional<Datum> id = table_row.added_value(number.id, INT4OID);
    if (!id) return next;
    auto *const row = static_cast<RuleRow *>(palloc0(sizeof(RuleRow)));
    const std::optional<Texts> event_types = table_row.optional_texts("event_types");
    const std::optional<Datum> upcasts = table_row.added_value(number.upcasts, JSONBOID);
    row->next = next;
    row->id = DatumGetInt32(*id);
    row->name = table_row.text("name");
    row->upcasts = upcasts ? stored_upcasts(*upcasts) : nullptr;
    row->is_replaced = number.is_replaced;
    row->of_every_type = !event_types;
    row->event_types = event_types.value_or(Texts{});
    row->dimensions = table_row.text("dimensions", JSONOID);
    row->measures = table_row.text("measures", JSONOID);
    row->bucket = *DatumGetIntervalP(table_row.value("bucket", INTERVALOID));
    row->max_groups = DatumGetInt32(table_row.value("max_groups", INT4OID));
    return row;
}

RuleRow *read_row(const TableRow &table_row, RuleRow *next)
{
    for (const NumberColumns &number : numbers) next = read_number(table_row, number, next);
    return next;
}

ProjectionRule rule_of(const RuleRow &row)
{
    const std::optional<core::Bucket> bucket =
        core::Bucket::of_interval(row.bucket.month, row.bucket.day, row.bucket.time);
    auto read = core::read_projection(detoasted_bytes(row.dimensions), detoasted_bytes(row.measures));
    auto *const projection = std::get_if<core::Projection>(&read);
    if (!bucket || projection == nullptr) throw core::Error("row of analytics_projections is not a valid projection");

    ProjectionRule rule{row.id,
                        std::string(detoasted_bytes(row.name)),
                        row.of_every_type,
                        {},
                        *bucket,
                        static_cast<std::size_t>(row.max_groups),
                        {},
                        {}};
    for (int i = 0; i < row.event_types.count; ++i)
        rule.event_types.emplace_back(detoasted_bytes(row.event_types.items[i]));
    rule.projection = std::move(*projection);
    rule.upcasts = chain_of(row.upcasts);
    rule.is_replaced = row.is_replaced;
    return rule;
}

ProjectionRules rules_of(const RuleRow *rows)
{
    ProjectionRules rules;
    for (const RuleRow *row = rows; row != nullptr; row = row->next) rules.push_back(rule_of(*row));
    return rules;
}

} // namespace

const std::shared_ptr<const ProjectionRules> &projection_rules(const ExtensionSchema &schema)
{
    constexpr char table[] = "analytics_projections";
    return session_copy.of_now(schema, table, relation_in(schema, table), read_row, rules_of).copy;
}

} // namespace analytics::pg
