/* _analytics_projection_columns: the columns of a projection's view. _analytics_projection_rows: the rows of one bucket
 * and tenant. _analytics_projection_missing: what the bags are missing, compared with the events;
 * _analytics_projection_kept: what they have beyond them. */

#include "../border/arguments.hpp"
#include "../border/boundary.hpp"
#include "../border/owned.hpp"
#include "../border/result_set.hpp"
#include "../border/text.hpp"
#include "../border/times.hpp"
#include "../projection/query.hpp"
#include "../projection/rule_cache.hpp"
#include "../projection/view_rows.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "executor/spi.h"
}

namespace analytics::pg {
namespace {

constexpr std::size_t most_columns = 3 + 6 * core::max_projection_fields;

/* The columns of a projection, or what is wrong with it. */
struct ParsedProjection {
    std::vector<core::ProjectionColumn> columns;
    std::string complaint;

    ParsedProjection(std::string_view dimensions, std::string_view measures)
    {
        const auto read = core::read_projection(dimensions, measures);
        if (const auto *const projection = std::get_if<core::Projection>(&read))
            columns = core::columns_of(*projection);
        else
            complaint = std::get<core::Complaint>(read).text;
    }
};

Oid oid_of(std::string_view type)
{
    if (type == "text") return TEXTOID;
    if (type == "boolean") return BOOLOID;
    if (type == "bigint") return INT8OID;
    return NUMERICOID;
}

/* The caller declares the columns; those of a view of another projection don't fit. */
void require_columns(const core::Projection &projection, TupleDesc asked)
{
    const bool fits = guarded([&] {
        const std::vector<core::ProjectionColumn> columns = core::columns_of(projection);
        if (asked->natts != static_cast<int>(columns.size())) return false;
        const auto is_of_type = [&, number = 0](const core::ProjectionColumn &column) mutable {
            return oid_of(column.type) == TupleDescAttr(asked, number++)->atttypid;
        };
        return std::all_of(columns.begin(), columns.end(), is_of_type);
    });
    if (!fits) ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("columns are not those of the projection")));
}

/* The rules as they are now; the context keeps them. */
const std::shared_ptr<const ProjectionRules> &kept_rules(MemoryContext context, const ExtensionSchema &schema)
{
    const std::shared_ptr<const ProjectionRules> &rules = projection_rules(schema);
    return *make_owned<std::shared_ptr<const ProjectionRules>>(context, rules);
}

/* Memory for one statement, and a part of it that is reset after each row. */
class WorkingMemory {
public:
    WorkingMemory()
        : context(AllocSetContextCreate(CurrentMemoryContext, "analytics projection", ALLOCSET_DEFAULT_SIZES)),
          scratch(AllocSetContextCreate(context, "analytics projection scratch", ALLOCSET_DEFAULT_SIZES))
    {
    }

    const MemoryContext context;
    const MemoryContext scratch;
};

void put_rows(ViewRows &rows, ResultSet &result, MemoryContext scratch)
{
    const MemoryContext outer = MemoryContextSwitchTo(scratch);
    Datum values[most_columns]{};
    bool nulls[most_columns]{};
    while (rows.next(values, nulls)) {
        CHECK_FOR_INTERRUPTS();
        result.put(values, nulls);
        MemoryContextReset(scratch);
    }
    MemoryContextSwitchTo(outer);
}

/* In the years 0001 to 9999: no projection has other events. */
TimestampTz within_range(TimestampTz timestamp)
{
    return std::clamp(timestamp, timestamptz_of(core::min_instant), timestamptz_of(core::max_instant));
}

/* The end of the bucket that holds the instant. */
TimestampTz next_bucket(const ProjectionRule &rule, TimestampTz start)
{
    return rule.next_bucket(rule.bucket_start(within_range(start)));
}

} // namespace
} // namespace analytics::pg

ANALYTICS_FUNCTION(analytics_projection_columns)
{
    using namespace analytics;
    using namespace analytics::pg;
    const std::string_view dimensions = bytes_of(PG_GETARG_DATUM(0));
    const std::string_view measures = bytes_of(PG_GETARG_DATUM(1));
    const auto *const parsed = make_owned<ParsedProjection>(CurrentMemoryContext, dimensions, measures);
    if (!parsed->complaint.empty())
        ereport(ERROR,
                (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("the definition of the projection cannot be used"),
                 errdetail("%s", parsed->complaint.c_str())));

    ResultSet result{fcinfo};
    for (const core::ProjectionColumn &column : parsed->columns) {
        Datum values[] = {text_of(column.name), text_of(column.type)};
        bool nulls[] = {false, false};
        result.put(values, nulls);
    }
    return {};
}

ANALYTICS_FUNCTION(analytics_projection_rows)
{
    using namespace analytics;
    using namespace analytics::pg;
    constexpr int projection_argument = 0;
    constexpr int bucket_argument = 1;
    constexpr int tenant_argument = 2;
    constexpr int bags_argument = 3;
    for (const int required : {int{projection_argument}, int{bucket_argument}, int{bags_argument}})
        if (PG_ARGISNULL(required))
            ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                            errmsg("projection, bucket_start and bags must not be null")));

    const ExtensionSchema schema = schema_of(fcinfo);
    const WorkingMemory memory;
    const std::shared_ptr<const ProjectionRules> &rules = kept_rules(memory.context, schema);
    const ProjectionRule &rule = rule_numbered(*rules, PG_GETARG_INT32(projection_argument));
    ResultSet result{fcinfo, MAT_SRF_USE_EXPECTED_DESC};
    require_columns(rule.projection, result.type());

    auto *const rows = make_owned<ViewRows>(memory.context, rule.projection, rule.max_groups);
    const Elements bags = elements_of(fcinfo, bags_argument);
    for (int i = 0; i < bags.count; ++i)
        if (!bags.is_null(i)) rows->add(bytes_of(bags.values[i]));

    if (rows->is_doubtful()) {
        SPI_connect();
        auto *const query =
            make_owned<ProjectionQuery>(memory.context, memory.context, schema, rules, rule, memory.scratch);
        const TimestampTz first = rule.bucket_start(timestamptz_of(core::min_instant)); // may be earlier
        const TimestampTz start =
            std::clamp(PG_GETARG_TIMESTAMPTZ(bucket_argument), first, timestamptz_of(core::max_instant));
        const std::optional<std::string_view> tenant = PG_ARGISNULL(tenant_argument)
                                                           ? std::optional<std::string_view>{}
                                                           : bytes_of(PG_GETARG_DATUM(tenant_argument));
        for (const auto &[group, cells] : query->events_of_tenant(start, next_bucket(rule, start), tenant))
            rows->use_events(cells);
        SPI_finish();
    }
    put_rows(*rows, result, memory.scratch);
    MemoryContextDelete(memory.context);
    return {};
}

namespace analytics::pg {
namespace {

enum class Difference : std::uint8_t { events_minus_bags, bags_minus_events };

/* The groups of a projection in which events and bags differ, with a bag of the difference. */
Datum differences(FunctionCallInfo fcinfo, Difference direction)
{
    const ExtensionSchema schema = schema_of(fcinfo);
    const WorkingMemory memory;
    const std::shared_ptr<const ProjectionRules> &rules = kept_rules(memory.context, schema);
    const ProjectionRule &rule = rule_numbered(*rules, PG_GETARG_INT32(0));
    const TimestampTz start = rule.bucket_start(within_range(PG_GETARG_TIMESTAMPTZ(1)));
    const TimestampTz end = rule.bucket_end(PG_GETARG_TIMESTAMPTZ(2));
    ResultSet result{fcinfo};
    if (start >= end) return {};

    SPI_connect();
    auto *const of_events =
        make_owned<ProjectionQuery>(memory.context, memory.context, schema, rules, rule, memory.scratch);
    auto *const of_bags =
        make_owned<ProjectionQuery>(memory.context, memory.context, schema, rules, rule, memory.scratch);
    ProjectionGroups &events = of_events->events(start, end);
    ProjectionGroups &bags = of_bags->bags(start, end);
    SPI_finish();

    guarded([&] { // each group must be in both
        const core::Cells nothing{rule.projection.measures.size(), rule.max_groups};
        for (const auto &[group, cells] : events) bags.try_emplace(group, nothing);
        for (const auto &[group, cells] : bags) events.try_emplace(group, nothing);
    });
    std::string &missing = *make_owned<std::string>(memory.context);
    const MemoryContext outer = MemoryContextSwitchTo(memory.scratch);
    for (auto of_bag = bags.begin(); const auto &entry : events) {
        CHECK_FOR_INTERRUPTS();
        const core::Cells &cells = entry.second;
        const core::Cells &counted_cells = (of_bag++)->second;
        std::int64_t count = 0;
        std::int64_t counted = 0;
        const bool is_missing = guarded([&] {
            const core::Cells difference =
                direction == Difference::events_minus_bags ? cells.minus(counted_cells) : counted_cells.minus(cells);
            missing = difference.bag();
            count = cells.count();
            counted = counted_cells.count();
            return !difference.empty();
        });
        if (!is_missing) continue;
        const auto &[bucket_start, tenant] = entry.first;
        Datum values[] = {TimestampTzGetDatum(bucket_start),
                          TimestampTzGetDatum(rule.next_bucket(bucket_start)),
                          tenant ? text_of(*tenant) : Datum{0},
                          Int64GetDatum(count),
                          Int64GetDatum(counted),
                          text_of(missing)};
        bool nulls[] = {false, false, !tenant, false, false, false};
        result.put(values, nulls);
        MemoryContextReset(memory.scratch);
    }
    MemoryContextSwitchTo(outer);
    MemoryContextDelete(memory.context);
    return {};
}

} // namespace
} // namespace analytics::pg

ANALYTICS_FUNCTION(analytics_projection_missing)
{
    using namespace analytics::pg;
    return differences(fcinfo, Difference::events_minus_bags);
}

ANALYTICS_FUNCTION(analytics_projection_kept)
{
    using namespace analytics::pg;
    return differences(fcinfo, Difference::bags_minus_events);
}
