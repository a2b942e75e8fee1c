/* The triggers that call the maintainers: _analytics_rollup_row, _analytics_rollup_statement,
 * _analytics_rollup_truncate. */

#include "../feed/counts_maintainer.hpp"
#include "../feed/outbox_maintainer.hpp"
#include "../projection/projection_maintainer.hpp"
#include "../rollup/agreement.hpp"
#include "../rollup/rollup_maintainer.hpp"
#include "row_triggers.hpp"

extern "C" {
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/partition.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_trigger.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
}

namespace analytics::pg {
namespace {

/* All that is derived from the events. A new kind is added here. */
constexpr MakeMaintainer kinds[] = {make_rollup_maintainer, make_projection_maintainer, make_outbox_maintainer,
                                    make_counts_maintainer};

Maintainers *make_maintainers(MemoryContext context, const ExtensionSchema &schema)
{
    static_assert(std::is_trivially_destructible_v<Maintainers>);
    // cppcheck-suppress legacyUninitvar // it is made here
    return ::new (MemoryContextAlloc(context, sizeof(Maintainers))) Maintainers(context, schema, kinds);
}

bool has_truncate_trigger(Relation table, Oid function)
{
    const TriggerDesc *const triggers = table->trigdesc;
    if (triggers == nullptr || !triggers->trig_truncate_before_statement) return false;
    for (int i = 0; i < triggers->numtriggers; ++i)
        if (triggers->triggers[i].tgfoid == function && TRIGGER_FOR_TRUNCATE(triggers->triggers[i].tgtype)) return true;
    return false;
}

bool has_truncate_trigger(Oid table_oid, Oid function)
{
    const Relation table = table_open(table_oid, NoLock);
    const bool has = has_truncate_trigger(table, function);
    table_close(table, NoLock);
    return has;
}

/* Whether the table is analytics_events or one of its partitions; a detached one is none. */
bool holds_events(Relation table, Oid events)
{
    return RelationGetRelid(table) == events ||
           (table->rd_rel->relispartition && list_member_oid(get_partition_ancestors(RelationGetRelid(table)), events));
}

/* A partition without its primary key is being restored: pg_restore makes the key when the rows are there. The trigger
 * is its parent's, which has no rows to wait for, so several jobs may make it before the last rows come. These are
 * counted already, in the rollups that are restored. */
bool is_being_restored(Relation table)
{
    if (!table->rd_rel->relispartition) return false;
    if (!table->rd_indexvalid) list_free(RelationGetIndexList(table));
    return !OidIsValid(table->rd_pkindex);
}

/* Whether TRUNCATE of the table must count the leaf's events. When the leaf, or a table between the two, has a TRUNCATE
 * trigger, that one does. */
bool must_count(Oid table, Oid leaf, Oid function)
{
    if (leaf == table) return true;
    if (get_rel_relkind(leaf) != RELKIND_RELATION || has_truncate_trigger(leaf, function)) return false;
    ListCell *cell = nullptr;
    foreach (cell, get_partition_ancestors(leaf)) {
        const Oid ancestor = lfirst_oid(cell);
        if (ancestor == table) return true;
        if (has_truncate_trigger(ancestor, function)) return false;
    }
    return false;
}

/* Reports every event of a table as deleted. TRUNCATE has locked out everybody else. It removes all rows, also those
 * that the transaction's snapshot does not show, so the latest snapshot is used. */
void report_as_deleted(Maintainers &maintainers, Oid table_oid)
{
    const MemoryContext scratch =
        AllocSetContextCreate(CurrentMemoryContext, "analytics truncation", ALLOCSET_DEFAULT_SIZES);
    const Relation table = table_open(table_oid, NoLock);
    const Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
    TupleTableSlot *const slot = table_slot_create(table, nullptr);
    const TableScanDesc scan = table_beginscan(table, snapshot, 0, nullptr);
    const MemoryContext outer = MemoryContextSwitchTo(scratch);
    while (table_scan_getnextslot(scan, ForwardScanDirection, slot)) {
        CHECK_FOR_INTERRUPTS();
        maintainers.deleted(slot);
        MemoryContextReset(scratch);
    }
    MemoryContextSwitchTo(outer);
    table_endscan(scan);
    ExecDropSingleTupleTableSlot(slot);
    UnregisterSnapshot(snapshot);
    table_close(table, NoLock);
    MemoryContextDelete(scratch);
}

} // namespace
} // namespace analytics::pg

ANALYTICS_FUNCTION(analytics_rollup_statement)
{
    return analytics::pg::count_statement<analytics::pg::make_maintainers>(fcinfo);
}

ANALYTICS_FUNCTION(analytics_rollup_row)
{
    using namespace analytics::pg;
    if (is_being_restored(trigger_of(fcinfo)->tg_relation)) return {};
    return count_row<make_maintainers>(fcinfo);
}

ANALYTICS_FUNCTION(analytics_rollup_truncate)
{
    using namespace analytics::pg;
    const TriggerData *const trigger = trigger_of(fcinfo);
    require_fired(TRIGGER_FIRED_BY_TRUNCATE(trigger->tg_event) && TRIGGER_FIRED_BEFORE(trigger->tg_event),
                  "before TRUNCATE");
    const ExtensionSchema schema = schema_of(fcinfo);
    const Oid table = RelationGetRelid(trigger->tg_relation);
    if (!holds_events(trigger->tg_relation, relation_in(schema, "analytics_events"))) return {};

    EventDelta *const truncation = open_delta<make_maintainers>(schema);
    truncation->statement_begins();
    ListCell *cell = nullptr;
    foreach (cell, find_all_inheritors(table, NoLock, nullptr)) {
        const Oid leaf = lfirst_oid(cell);
        if (get_rel_relkind(leaf) == RELKIND_RELATION && must_count(table, leaf, fcinfo->flinfo->fn_oid)) {
            expect_truncation(schema, leaf);
            report_as_deleted(truncation->counter(), leaf);
        }
    }
    truncation->statement_ends();
    return {};
}
