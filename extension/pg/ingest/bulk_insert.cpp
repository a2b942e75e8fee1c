#include "bulk_insert.hpp"

#include "../border/partition_range.hpp"
#include "../border/subtransaction.hpp"
#include "../rollup/statement_delta.hpp"
#include "key_lookup.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/tupconvert.h"
#include "catalog/namespace.h"
#include "catalog/pg_index.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "optimizer/optimizer.h"
#include "rewrite/rewriteHandler.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
}

#include <algorithm>

namespace analytics::pg {
namespace {

/* So many rows are formed, then stored together: enough to fill pages, few enough to stay in the processor's cache. */
constexpr int rows_per_round = 128;

/* Whether the row has the key of the row before it. Only the first row of a key is stored. */
bool repeats(const Row *rows, const Row *row) noexcept
{
    return row != rows && compare(*row, row[-1].occurred_at, row[-1].id.data()) == 0;
}

// ---- what must be left to the statement ----

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

/* Where a partition's column gets its value from: a column of the batch, or else the default, or else null. */
struct ColumnSource {
    int batch_column;
    ExprState *otherwise;
};

/* One partition at a time is open. */
struct OpenPartition {
    PartitionRange range{};
    Relation relation = nullptr;     // nullptr: none is open
    ColumnSource *sources = nullptr; // by the partition's columns
    ResultRelInfo *info = nullptr;
    KeyLookup *lookup = nullptr;        // while choosing
    Maintainers *maintainers = nullptr; // while storing: to be called in place of the rows' triggers
};

bool is_plain(Relation partition)
{
    if (partition->rd_rel->relkind != RELKIND_RELATION) return false;
    if (partition->trigdesc != nullptr && partition->trigdesc->trig_insert_before_row) return false;
    return !has_demanding_columns(RelationGetDescr(partition));
}

struct Bulk {
    Relation events = nullptr;
    EState *estate = nullptr;
    TupleDesc description = nullptr; // of the rows' tuples
    ColumnSource *sources = nullptr; // by the columns of events
    TupleTableSlot *source = nullptr;
    OpenPartition open;

    // storing
    ResultRelInfo *root = nullptr;
    TupleTableSlot *slots[rows_per_round]{};
    int made_slots = 0;
    int used_slots = 0;
};

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

Bulk *begin(const ExtensionSchema &schema, TupleDesc description)
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

/* The number of the partition's column that takes the batch's column. */
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

void end(Bulk &bulk)
{
    leave_partition(bulk);
    close_events(bulk);
}

// ---- looking up ----

/* Prepares looking up keys in the partition; leaves the partition when it has no primary key. */
void prepare_lookup(Bulk &bulk)
{
    OpenPartition &open = bulk.open;
    if (open.relation == nullptr) return;
    const Relation index =
        key_index(open.info->ri_IndexRelationDescs, open.info->ri_NumIndices, column_for(open, 0), column_for(open, 1));
    if (index == nullptr) return leave_partition(bulk);
    open.lookup = begin_lookup(open.relation, index);
}

// ---- storing ----

void form(Bulk &bulk, const Row &row, TupleTableSlot *slot)
{
    ExecStoreMinimalTuple(row.tuple, bulk.source, false);
    slot_getallattrs(bulk.source);
    ExecClearTuple(slot);
    ExprContext *const context = GetPerTupleExprContext(bulk.estate);
    const MemoryContext outer = MemoryContextSwitchTo(context->ecxt_per_tuple_memory);
    for (int i = 0; i < slot->tts_tupleDescriptor->natts; ++i) {
        const ColumnSource &source = bulk.open.sources[i];
        slot->tts_values[i] = Datum{0};
        slot->tts_isnull[i] = true;
        if (source.batch_column >= 0) {
            slot->tts_values[i] = bulk.source->tts_values[source.batch_column];
            slot->tts_isnull[i] = bulk.source->tts_isnull[source.batch_column];
        } else if (source.otherwise != nullptr) {
            slot->tts_values[i] = ExecEvalExpr(source.otherwise, context, &slot->tts_isnull[i]);
        }
    }
    MemoryContextSwitchTo(outer);
    ExecStoreVirtualTuple(slot);
}

List *enter_in_indexes(Bulk &bulk, TupleTableSlot *slot)
{
#if PG_VERSION_NUM >= 160000
    return ExecInsertIndexTuples(bulk.open.info, slot, bulk.estate, false, false, nullptr, NIL, false);
#else
    return ExecInsertIndexTuples(bulk.open.info, slot, bulk.estate, false, false, nullptr, NIL);
#endif
}

void after_insert(Bulk &bulk, TupleTableSlot *slot, List *to_recheck)
{
    const OpenPartition &open = bulk.open;
    if (open.maintainers != nullptr)
        open.maintainers->inserted(slot);
    else
        ExecARInsertTriggers(bulk.estate, open.info, slot, to_recheck, nullptr);
}

void store_round(Bulk &bulk)
{
    if (bulk.used_slots == 0) return;
    const MemoryContext outer = MemoryContextSwitchTo(GetPerTupleMemoryContext(bulk.estate));
    table_multi_insert(bulk.open.relation, bulk.slots, bulk.used_slots, GetCurrentCommandId(true), 0, nullptr);
    for (int i = 0; i < bulk.used_slots; ++i) {
        after_insert(bulk, bulk.slots[i], enter_in_indexes(bulk, bulk.slots[i]));
        ExecClearTuple(bulk.slots[i]);
    }
    MemoryContextSwitchTo(outer);
    bulk.used_slots = 0;
    ResetPerTupleExprContext(bulk.estate);
}

void store_row(Bulk &bulk, const Row &row)
{
    const OpenPartition &open = bulk.open;
    if (bulk.used_slots == bulk.made_slots) bulk.slots[bulk.made_slots++] = table_slot_create(open.relation, nullptr);
    TupleTableSlot *const slot = bulk.slots[bulk.used_slots++];
    form(bulk, row, slot);
    if (RelationGetDescr(open.relation)->constr != nullptr) ExecConstraints(open.info, slot, bulk.estate);
    if (bulk.used_slots == rows_per_round) store_round(bulk);
}

std::int32_t store_all(const ExtensionSchema &schema, TupleDesc description, Row *rows, std::int32_t count)
{
    Bulk *const bulk = begin(schema, description);
    if (bulk == nullptr) return 0;
    bulk->root = makeNode(ResultRelInfo);
    InitResultRelInfo(bulk->root, bulk->events, 0, nullptr, 0);
    PushActiveSnapshot(GetTransactionSnapshot());
    AfterTriggerBeginQuery();
    ExecBSInsertTriggers(bulk->estate, bulk->root);

    std::int32_t stored = 0;
    for (Row *row = rows; row != rows + count; ++row) {
        CHECK_FOR_INTERRUPTS();
        if (row->path != InsertPath::bulk || repeats(rows, row)) continue;
        if (!bulk->open.range.holds(row->occurred_at)) {
            store_round(*bulk);
            enter_partition(*bulk, row->occurred_at);
            if (bulk->open.relation != nullptr) bulk->open.maintainers = sole_maintainers(schema, bulk->open.relation);
        }
        if (bulk->open.relation == nullptr) { // a trigger of the statement has changed the partition
            row->path = InsertPath::statement;
            continue;
        }
        store_row(*bulk, *row);
        ++stored;
    }
    store_round(*bulk);
    leave_partition(*bulk);
    ExecASInsertTriggers(bulk->estate, bulk->root, nullptr);
    AfterTriggerEndQuery(bulk->estate);
    ExecCloseResultRelations(bulk->estate);
    PopActiveSnapshot();
    end(*bulk);
    CommandCounterIncrement();
    return stored;
}

/* Whether a concurrent transaction has stored a row of the same key. Any other unique index is the operator's, and what
 * it refuses is no duplicate. */
bool is_stored_key(const ErrorData &error)
{
    if (error.sqlerrcode != ERRCODE_UNIQUE_VIOLATION || error.schema_name == nullptr ||
        error.constraint_name == nullptr)
        return false;
    const Oid index = get_relname_relid(error.constraint_name, get_namespace_oid(error.schema_name, true));
    const HeapTuple tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(index));
    if (!HeapTupleIsValid(tuple)) return false;
    const bool is_primary = reinterpret_cast<Form_pg_index>(GETSTRUCT(tuple))->indisprimary;
    ReleaseSysCache(tuple);
    return is_primary;
}

/* Stores all rows, or none when a concurrent transaction has stored the key of one. Returns how many. */
std::int32_t try_to_store_all(const ExtensionSchema &schema, TupleDesc description, Row *rows, std::int32_t count)
{
    std::int32_t stored = 0;
    ErrorData *const error = run_in_subtransaction([&] { stored = store_all(schema, description, rows, count); });
    if (error == nullptr) return stored;
    if (!is_stored_key(*error)) ReThrowError(error);
    FreeErrorData(error);
    return 0;
}

} // namespace

void choose_paths(const ExtensionSchema &schema, TupleDesc description, Row *rows, std::int32_t count)
{
    Bulk *const bulk = begin(schema, description);
    for (Row *row = rows; row != rows + count; ++row) {
        CHECK_FOR_INTERRUPTS();
        row->path = InsertPath::statement;
        if (bulk == nullptr) continue;
        if (repeats(rows, row)) {
            row->path = row[-1].path;
            continue;
        }
        if (!bulk->open.range.holds(row->occurred_at)) {
            enter_partition(*bulk, row->occurred_at);
            prepare_lookup(*bulk);
        }
        if (bulk->open.relation != nullptr && !is_known(*bulk->open.lookup, *row)) row->path = InsertPath::bulk;
    }
    if (bulk != nullptr) end(*bulk);
}

void bulk_insert(const ExtensionSchema &schema, TupleDesc description, Row *rows, std::int32_t count)
{
    if (std::none_of(rows, rows + count, [](const Row &row) { return row.path == InsertPath::bulk; })) return;
    const std::int32_t stored = try_to_store_all(schema, description, rows, count);
    for (Row *row = rows; row != rows + count; ++row) {
        if (row->path != InsertPath::bulk) continue;
        if (stored > 0 && !repeats(rows, row)) row->outcome = Outcome::stored;
        row->path = stored > 0 ? InsertPath::none : InsertPath::statement;
    }
}

} // namespace analytics::pg
