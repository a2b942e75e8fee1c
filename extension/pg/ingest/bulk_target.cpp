#include "bulk_target.hpp"

#include "key_lookup.hpp"

extern "C" {
#include "access/table.h"
#include "access/tupconvert.h"
#include "access/xact.h"
#include "executor/executor.h"
#include "optimizer/optimizer.h"
#include "rewrite/rewriteHandler.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rls.h"
}

namespace analytics::pg {
namespace {

/* Only the statement computes a generated column, and the default of a domain. */
bool has_demanding_columns(TupleDesc columns)
{
    for (int i = 0; i < columns->natts; ++i) {
        const FormData_pg_attribute &column = *TupleDescAttr(columns, i);
        if (column.attisdropped) continue;
        if (column.attgenerated != '\0' || get_typtype(column.atttypid) == TYPTYPE_DOMAIN) return true;
    }
    return false;
}

/* The column of that name, if it is what the batch holds; else 0. */
AttrNumber column_like(Relation events, const FormData_pg_attribute &wanted)
{
    const AttrNumber number = get_attnum(RelationGetRelid(events), NameStr(wanted.attname));
    if (number <= 0) return 0;
    const FormData_pg_attribute &found = *TupleDescAttr(RelationGetDescr(events), number - 1);
    return found.atttypid == wanted.atttypid && found.atttypmod == wanted.atttypmod ? number : AttrNumber{0};
}

bool may_insert(Relation events)
{
    const Oid table = RelationGetRelid(events);
    return pg_class_aclcheck(table, GetUserId(), ACL_INSERT) == ACLCHECK_OK &&
           pg_class_aclcheck(table, GetUserId(), ACL_SELECT) == ACLCHECK_OK &&
           check_enable_rls(table, InvalidOid, true) != RLS_ENABLED;
}

/* With a snapshot that outlives the statement, a concurrent row could be missed. Rules and transition tables are the
 * statement's work. */
bool allows(Relation events, TupleDesc description)
{
    if (XactReadOnly || IsInParallelMode() || IsolationUsesXactSnapshot()) return false;
    if (events->rd_rules != nullptr || has_demanding_columns(RelationGetDescr(events))) return false;
    if (events->trigdesc != nullptr && events->trigdesc->trig_insert_new_table) return false;
    for (int i = 0; i < description->natts; ++i)
        if (column_like(events, *TupleDescAttr(description, i)) == 0) return false;
    return may_insert(events);
}

bool is_plain(Relation partition)
{
    if (partition->rd_rel->relkind != RELKIND_RELATION) return false;
    if (partition->trigdesc != nullptr && partition->trigdesc->trig_insert_before_row) return false;
    return !has_demanding_columns(RelationGetDescr(partition));
}

/* The batch's column of that name, or -1. */
int batch_column_of(TupleDesc description, const FormData_pg_attribute &column)
{
    for (int i = 0; i < description->natts; ++i)
        if (namestrcmp(&TupleDescAttr(description, i)->attname, NameStr(column.attname)) == 0) return i;
    return -1;
}

/* Where the columns of events get their values from. False when a default must be evaluated right before its row is
 * inserted, because it may read the table. */
bool find_sources(Bulk &bulk)
{
    const TupleDesc columns = RelationGetDescr(bulk.events);
    bulk.sources = static_cast<ColumnSource *>(palloc(static_cast<Size>(columns->natts) * sizeof(ColumnSource)));
    for (int i = 0; i < columns->natts; ++i) {
        const FormData_pg_attribute &column = *TupleDescAttr(columns, i);
        ColumnSource &source = bulk.sources[i];
        source = {-1, nullptr};
        if (column.attisdropped) continue;
        source.batch_column = batch_column_of(bulk.description, column);
        if (source.batch_column >= 0) continue;
        Node *const expression = build_column_default(bulk.events, i + 1);
        if (expression == nullptr) continue;
        if (contain_volatile_functions_not_nextval(expression)) return false;
        source.otherwise = ExecPrepareExpr(reinterpret_cast<Expr *>(expression), bulk.estate);
    }
    return true;
}

void close_events(Bulk &bulk)
{
    ExecDropSingleTupleTableSlot(bulk.source);
    ExecResetTupleTable(bulk.estate->es_tupleTable, false);
    table_close(bulk.events, NoLock);
    FreeExecutorState(bulk.estate);
}

/* A partition may have its columns in another order than its parent, and dropped columns of its own. */
ColumnSource *sources_in(const Bulk &bulk, Relation partition)
{
    const TupleDesc columns = RelationGetDescr(partition);
    const TupleConversionMap *const map = convert_tuples_by_name(RelationGetDescr(bulk.events), columns);
    auto *const sources = static_cast<ColumnSource *>(palloc(static_cast<Size>(columns->natts) * sizeof(ColumnSource)));
    for (int i = 0; i < columns->natts; ++i) {
        const int number = map == nullptr ? i + 1 : map->attrMap->attnums[i];
        sources[i] = number > 0 ? bulk.sources[number - 1] : ColumnSource{-1, nullptr};
    }
    return sources;
}

} // namespace

Bulk *begin_bulk(const ExtensionSchema &schema, TupleDesc description)
{
    const Relation events = table_open(relation_in(schema, "analytics_events"), RowExclusiveLock);
    if (!allows(events, description)) {
        table_close(events, NoLock);
        return nullptr;
    }
    auto *const bulk = static_cast<Bulk *>(palloc0(sizeof(Bulk)));
    bulk->events = events;
    bulk->estate = CreateExecutorState();
    bulk->description = description;
    bulk->source = MakeSingleTupleTableSlot(description, &TTSOpsMinimalTuple);
    bulk->open.range = {InvalidOid, 0, 0};
    if (find_sources(*bulk)) return bulk;
    close_events(*bulk);
    return nullptr;
}

AttrNumber column_for(const OpenPartition &open, int batch_column)
{
    for (AttrNumber number = 1;; ++number)
        if (open.sources[number - 1].batch_column == batch_column) return number;
}

void leave_partition(Bulk &bulk)
{
    OpenPartition &open = bulk.open;
    if (open.relation == nullptr) return;
    if (open.lookup != nullptr) end_lookup(*open.lookup);
    open.lookup = nullptr;
    for (int i = 0; i < bulk.made_slots; ++i) ExecDropSingleTupleTableSlot(bulk.slots[i]);
    bulk.made_slots = 0;
    ExecCloseIndices(open.info);
    table_close(open.relation, NoLock);
    pfree(open.sources);
    open.relation = nullptr;
    open.maintainers = nullptr;
}

void enter_partition(Bulk &bulk, TimestampTz instant)
{
    leave_partition(bulk);
    OpenPartition &open = bulk.open;
    open.range = partition_range_at(bulk.events, instant);
    if (!OidIsValid(open.range.partition)) return;
    const Relation partition = table_open(open.range.partition, RowExclusiveLock);
    if (!is_plain(partition)) {
        table_close(partition, NoLock);
        return;
    }
    open.relation = partition;
    open.sources = sources_in(bulk, partition);
    const MemoryContext outer = MemoryContextSwitchTo(bulk.estate->es_query_cxt);
    open.info = makeNode(ResultRelInfo);
    InitResultRelInfo(open.info, partition, 0, nullptr, 0);
    ExecOpenIndices(open.info, false);
    MemoryContextSwitchTo(outer);
}

void end_bulk(Bulk &bulk)
{
    leave_partition(bulk);
    close_events(bulk);
}

} // namespace analytics::pg
