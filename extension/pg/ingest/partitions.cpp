#include "partitions.hpp"

#include "../../core/partition_plan.hpp"
#include "../border/boundary.hpp"
#include "../border/identity.hpp"
#include "../border/owned.hpp"
#include "../border/partition_range.hpp"
#include "../border/settings.hpp"
#include "../border/statement.hpp"
#include "../border/times.hpp"

extern "C" {
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
}

#include <algorithm>
#include <span>
#include <string>
#include <vector>

namespace analytics::pg {
namespace {

using Instants = std::vector<core::Instant>;
using Ranges = std::vector<core::TimeRange>;

core::Instant bounded(TimestampTz bound) noexcept
{
    constexpr core::Instant last = core::max_instant + 1;
    if (bound < timestamptz_of(core::min_instant)) return core::min_instant;
    return bound > timestamptz_of(last) ? last : instant_of(bound);
}

/* What the core knows of the partitions: their ranges, as far as they lie in the years 0001 to 9999. */
core::TimeRange *ranges_of(const Partitions &partitions)
{
    auto *const ranges =
        static_cast<core::TimeRange *>(palloc(sizeof(core::TimeRange) * static_cast<Size>(partitions.count + 1)));
    std::transform(partitions.ranges, partitions.ranges + partitions.count, ranges, [](const PartitionRange &one) {
        return core::TimeRange{bounded(one.start), bounded(one.end)};
    });
    return ranges;
}

/* In the order of time; null, as for most batches, when there are none. */
const Instants *instants_without_partition(const ExtensionSchema &schema, const Row *begin, const Row *end)
{
    const Relation events = table_open(relation_in(schema, "analytics_events"), RowExclusiveLock);
    PartitionRange known{InvalidOid, 0, 0};
    Instants *missing = nullptr;
    for (const Row *row = begin; row != end; ++row) {
        if (!known.holds(row->occurred_at)) known = partition_range_at(events, row->occurred_at);
        if (OidIsValid(known.partition)) continue;
        if (missing == nullptr) missing = make_owned<Instants>(CurrentMemoryContext);
        guarded([&] { missing->push_back(instant_of(row->occurred_at)); });
    }
    table_close(events, NoLock);
    return missing;
}

const Ranges &plan(const Instants &needed, const Partitions &existing, const core::PartitionLength *length)
{
    const core::TimeRange *const ranges = ranges_of(existing);
    const core::Instant now = instant_of(GetCurrentTransactionStartTimestamp());
    const core::CalendarUnit unit = partition_unit();
    auto *const planned = make_owned<Ranges>(CurrentMemoryContext);
    guarded([&] {
        const std::span existing_ranges{ranges, static_cast<std::size_t>(existing.count)};
        if (length == nullptr)
            *planned = core::plan_partitions(needed, existing_ranges, now, unit);
        else if (const auto range = core::plan_partition(needed.front(), existing_ranges, *length))
            planned->push_back(*range);
    });
    return *planned;
}

/* A late event may belong to a month whose partition was detached and kept its name. */
const char *free_name(const ExtensionSchema &schema, const char *wanted)
{
    const char *name = wanted;
    for (int attempt = 2; OidIsValid(get_relname_relid(name, schema.oid)); ++attempt)
        name = psprintf("%s_%d", wanted, attempt);
    return name;
}

const char *bound_text(core::Instant bound)
{
    return bound > core::max_instant ? "10000-01-01 00:00:00+00" : text_of_instant(timestamptz_of(bound));
}

const char *owner_name(Relation table)
{
    return quote_identifier(GetUserNameFromId(table->rd_rel->relowner, false));
}

void make(const ExtensionSchema &schema, const core::TimeRange &range, const char *owner)
{
    char usual_name[NAMEDATALEN];
    guarded([&] {
        const std::string text = "analytics_events_" + core::name_of(range);
        strlcpy(usual_name, text.c_str(), sizeof usual_name);
    });
    const char *const name = free_name(schema, usual_name);
    const char *const table = psprintf("%s%s", schema.prefix, name);
    run_command(psprintf("CREATE TABLE %s (LIKE %sanalytics_events INCLUDING DEFAULTS INCLUDING CONSTRAINTS "
                         "INCLUDING GENERATED INCLUDING STORAGE INCLUDING COMPRESSION)",
                         table, schema.prefix));
    run_statement(schema, "SELECT %sanalytics_watch_partition($1)",
                  {{REGCLASSOID, ObjectIdGetDatum(relation_in(schema, name))}});
    run_command(psprintf("ALTER TABLE %s OWNER TO %s", table, owner));
    run_command(psprintf("ALTER TABLE %sanalytics_events ATTACH PARTITION %s FOR VALUES FROM ('%s') TO ('%s')",
                         schema.prefix, table, bound_text(range.start), bound_text(range.end)));
}

void make_partitions(const ExtensionSchema &schema, const Instants &needed, const core::PartitionLength *length)
{
    const Relation events = table_open(relation_in(schema, "analytics_events"), ShareUpdateExclusiveLock);
    const Partitions existing = partitions_of(events);
    const char *const owner = owner_name(events);
    table_close(events, NoLock);
    if (OidIsValid(existing.default_partition)) return;

    for (const core::TimeRange &range : plan(needed, existing, length)) make(schema, range, owner);
}

void require_right_to_execute(Oid function)
{
#if PG_VERSION_NUM >= 160000
    const AclResult result = object_aclcheck(ProcedureRelationId, function, GetUserId(), ACL_EXECUTE);
#else
    const AclResult result = pg_proc_aclcheck(function, GetUserId(), ACL_EXECUTE);
#endif
    if (result != ACLCHECK_OK) aclcheck_error(result, OBJECT_FUNCTION, get_func_name(function));
}

Oid owner_of_function(Oid function)
{
    const HeapTuple found = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
    if (!HeapTupleIsValid(found)) elog(ERROR, "cache lookup failed for function %u", function);
    const Oid owner = reinterpret_cast<Form_pg_proc>(GETSTRUCT(found))->proowner;
    ReleaseSysCache(found);
    return owner;
}

} // namespace

/* What a call of the function would do, which is SECURITY DEFINER and sets search_path; but for all instants at once.
 * After an error the end of the (sub)transaction brings the caller's identity and settings back. */
void require_partitions(const ExtensionSchema &schema, const Row *begin, const Row *end)
{
    const Instants *const missing = instants_without_partition(schema, begin, end);
    if (missing == nullptr) return;

    constexpr const char *name = "analytics_create_partition";
    const Oid function = function_in(schema, name, {TIMESTAMPTZOID});
    if (!OidIsValid(function))
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_FUNCTION),
                        errmsg("function %s%s(timestamptz) does not exist", schema.prefix, name)));
    require_right_to_execute(function);

    with_identity_of(owner_of_function(function), [&] {
        const int settings_level = NewGUCNestLevel();
        set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0,
                          false);
        make_partitions(schema, *missing, nullptr);
        AtEOXact_GUC(true, settings_level);
    });
}

Oid create_partition(const ExtensionSchema &schema, TimestampTz instant, const core::PartitionLength *length)
{
    const Oid known = partition_range_at(schema, instant).partition;
    if (OidIsValid(known)) return known;
    const auto *const needed = make_owned<Instants>(CurrentMemoryContext, std::size_t{1}, instant_of(instant));
    make_partitions(schema, *needed, length);
    return partition_range_at(schema, instant).partition;
}

} // namespace analytics::pg
