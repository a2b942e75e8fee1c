/* For the feeds of projections. _analytics_note_rows: notes the rows that a projection has in a window.
 * _analytics_projection_key: the dimensions of a row by the key that the outbox has. */

#include "../border/arguments.hpp"
#include "../border/boundary.hpp"
#include "../border/owned.hpp"
#include "../border/result_set.hpp"
#include "../border/text.hpp"
#include "../feed/changed_rows.hpp"
#include "../feed/wanted.hpp"
#include "../projection/query.hpp"
#include "../projection/rule_cache.hpp"
#include "../projection/view_rows.hpp"

extern "C" {
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
}

namespace analytics::pg {
namespace {

void require_insert(Oid table)
{
    const AclResult allowed = pg_class_aclcheck(table, GetUserId(), ACL_INSERT);
    if (allowed != ACLCHECK_OK) aclcheck_error(allowed, OBJECT_TABLE, get_rel_name(table));
}

/* The rows that have a minimum or maximum that only the events know. */
void keep_doubtful(ChangedRows &rows, const core::Cells &cells)
{
    rows.keys.clear();
    for (const auto &[key, cell] : cells.kept())
        if (is_doubtful(cell)) rows.keys.push_back(key.bytes);
    if (cells.other() && is_doubtful(*cells.other())) rows.keys.emplace_back(ChangedRows::other);
}

} // namespace
} // namespace analytics::pg

ANALYTICS_FUNCTION(analytics_note_rows)
{
    using namespace analytics::pg;
    const ExtensionSchema schema = schema_of(fcinfo);
    require_insert(relation_in(schema, "analytics_outbox"));
    const MemoryContext context =
        AllocSetContextCreate(CurrentMemoryContext, "analytics rows of a projection", ALLOCSET_DEFAULT_SIZES);
    const auto &rules = *make_owned<std::shared_ptr<const ProjectionRules>>(context, projection_rules(schema));
    const ProjectionRule &rule = rule_numbered(*rules, PG_GETARG_INT32(0));
    const bool is_fed = guarded([&] { return wanted_by_feeds(schema)->has_projection(rule.name); });
    if (is_fed) {
        auto &changed = *make_owned<std::vector<ChangedRows>>(context);
        const MemoryContext scratch = AllocSetContextCreate(context, "scratch", ALLOCSET_DEFAULT_SIZES);
        SPI_connect();
        auto *const query = make_owned<ProjectionQuery>(context, context, schema, rules, rule, scratch);
        const ProjectionGroups &groups = query->bags(PG_GETARG_TIMESTAMPTZ(1), PG_GETARG_TIMESTAMPTZ(2));
        const bool doubtful_alone = PG_GETARG_BOOL(3);
        guarded([&] {
            for (const auto &[group, cells] : groups) {
                ChangedRows rows{rule.name, group.first, group.second, cells};
                rows.has_deleted = true;
                if (doubtful_alone) keep_doubtful(rows, cells);
                changed.push_back(std::move(rows));
            }
        });
        SPI_finish();
        note_rows(schema, changed);
    }
    MemoryContextDelete(context);
    PG_RETURN_VOID();
}

namespace analytics::pg {
namespace {

/* A bag with one event in the row of that key. With a limit of no rows, the event is in "other". */
std::string bag_with(const core::Projection &projection, std::string_view key)
{
    const bool is_other = key == ChangedRows::other;
    core::Cells cells{projection.measures.size(), is_other ? 0U : 1U};
    core::ProjectedEvent event;
    if (!is_other) event.key = key;
    event.values.resize(projection.measures.size());
    cells.record(event, 1);
    return cells.bag();
}

} // namespace
} // namespace analytics::pg

ANALYTICS_FUNCTION(analytics_projection_key)
{
    using namespace analytics;
    using namespace analytics::pg;
    constexpr std::size_t most_columns = 3 + (6 * core::max_projection_fields);
    const ExtensionSchema schema = schema_of(fcinfo);
    ResultSet result{fcinfo, MAT_SRF_USE_EXPECTED_DESC};
    const MemoryContext context =
        AllocSetContextCreate(CurrentMemoryContext, "analytics key of a row", ALLOCSET_DEFAULT_SIZES);
    const auto &rules = *make_owned<std::shared_ptr<const ProjectionRules>>(context, projection_rules(schema));
    const ProjectionRule &rule = rule_numbered(*rules, PG_GETARG_INT32(0));
    const std::string_view key = bytes_of(PG_GETARG_DATUM(1));
    auto &bag = *make_owned<std::string>(context);
    guarded([&] { bag = bag_with(rule.projection, key); });
    auto *const row = make_owned<ViewRows>(context, rule.projection, rule.max_groups);
    row->add(bag);
    Datum values[most_columns]{};
    bool nulls[most_columns]{};
    if (result.type()->natts != static_cast<int>(rule.projection.dimensions.size()) + 1 || !row->next(values, nulls))
        ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("columns are not the dimensions and other")));
    result.put(values, nulls);
    MemoryContextDelete(context);
    return {};
}
