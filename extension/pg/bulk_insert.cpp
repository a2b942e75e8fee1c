#include "bulk_insert.hpp"

#include "attempt.hpp"
#include "key_lookup.hpp"
#include "partitions.hpp"
#include "pending.hpp"

extern "C" {
#include "access/table.h"
#include "access/tableam.h"
#include "access/tupconvert.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "rewrite/rewriteHandler.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
}

#include <algorithm>

namespace analytics::pg {
namespace {

/* A round's rows are formed, then stored together: enough to fill pages, few enough to stay in the cache. */
constexpr int rows_per_round = 128;

/* Whether the row has the key of the one before it: the first of them is stored, and the others go its way. */
bool repeats(const Row *rows, const Row *row) noexcept
{
    return row != rows && compare(*row, row[-1].occurred_at, row[-1].id.data()) == 0;
}

// ---- what stands in the way ----

bool has_generated_columns(TupleDesc columns)
{
    for (int i = 0; i < columns->natts; ++i)
        if (TupleDescAttr(columns, i)->attgenerated != '\0') return true;
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

/* A snapshot that outlives the statement could be betrayed by a rival's row; rules and transition tables belong to the
 * statement. */
bool allows(Relation events, TupleDesc description)
{
    if (XactReadOnly || IsInParallelMode() || IsolationUsesXactSnapshot()) return false;
    if (events->rd_rules != nullptr || has_generated_columns(RelationGetDescr(events))) return false;
    if (events->trigdesc != nullptr && events->trigdesc->trig_insert_new_table) return false;
    for (int i = 0; i < description->natts; ++i)
        if (column_like(events, *TupleDescAttr(description, i)) == 0) return false;
    return may_insert(events);
}

/* One partition at a time is open. */
struct Place {
    PartitionRange range{};
    Relation partition = nullptr; // null: not one that is open
    ResultRelInfo *info = nullptr;
    KeyLookup *lookup = nullptr; // while choosing
    Upkeeps *follower = nullptr; // while storing: of the rows, in place of their triggers
};

bool is_plain(Relation events, Relation partition)
{
    if (partition->rd_rel->relkind != RELKIND_RELATION) return false;
    if (partition->trigdesc != nullptr && partition->trigdesc->trig_insert_before_row) return false;
    return convert_tuples_by_name(RelationGetDescr(events), RelationGetDescr(partition)) == nullptr;
}

struct Bulk {
    Relation events = nullptr;
    EState *estate = nullptr;
    TupleDesc description = nullptr; // of the rows' tuples
    AttrNumber *columns = nullptr;   // of events, where the description's columns are
    ExprState **defaults = nullptr;  // by column of events, null where the batch gives the value or there is no default
    TupleTableSlot *source = nullptr;
    Place place;

    // storing
    ResultRelInfo *root = nullptr;
    TupleTableSlot *slots[rows_per_round]{};
    int made_slots = 0;
    int used_slots = 0;
};

Bulk *begin(const Home &home, TupleDesc description)
{
    const Relation events = table_open(relation_at(home, "analytics_events"), RowExclusiveLock);
    if (!allows(events, description)) {
        table_close(events, NoLock);
        return nullptr;
    }
    auto *const bulk = static_cast<Bulk *>(palloc0(sizeof(Bulk)));
    bulk->events = events;
    bulk->estate = CreateExecutorState();
    bulk->description = description;
    bulk->source = MakeSingleTupleTableSlot(description, &TTSOpsMinimalTuple);
    bulk->place.range = {InvalidOid, 0, 0};
    bulk->columns = static_cast<AttrNumber *>(palloc(static_cast<Size>(description->natts) * sizeof(AttrNumber)));
    for (int i = 0; i < description->natts; ++i) bulk->columns[i] = column_like(events, *TupleDescAttr(description, i));
    return bulk;
}

void leave_partition(Bulk &bulk)
{
    Place &place = bulk.place;
    if (place.partition == nullptr) return;
    if (place.lookup != nullptr) end_lookup(*place.lookup);
    place.lookup = nullptr;
    for (int i = 0; i < bulk.made_slots; ++i) ExecDropSingleTupleTableSlot(bulk.slots[i]);
    bulk.made_slots = 0;
    ExecCloseIndices(place.info);
    table_close(place.partition, NoLock);
    place.partition = nullptr;
    place.follower = nullptr;
}

void enter_partition(Bulk &bulk, TimestampTz instant)
{
    leave_partition(bulk);
    Place &place = bulk.place;
    place.range = partition_range_at(bulk.events, instant);
    if (!OidIsValid(place.range.partition)) return;
    const Relation partition = table_open(place.range.partition, RowExclusiveLock);
    if (!is_plain(bulk.events, partition)) {
        table_close(partition, NoLock);
        return;
    }
    place.partition = partition;
    const MemoryContext outer = MemoryContextSwitchTo(bulk.estate->es_query_cxt);
    place.info = makeNode(ResultRelInfo);
    InitResultRelInfo(place.info, partition, 0, nullptr, 0);
    ExecOpenIndices(place.info, false);
    MemoryContextSwitchTo(outer);
}

void end(Bulk &bulk)
{
    leave_partition(bulk);
    ExecDropSingleTupleTableSlot(bulk.source);
    ExecResetTupleTable(bulk.estate->es_tupleTable, false);
    table_close(bulk.events, NoLock);
    FreeExecutorState(bulk.estate);
}

// ---- looking up ----

/* Makes the partition's key ready to be looked up; leaves the partition when it has none. */
void prepare_lookup(Bulk &bulk)
{
    Place &place = bulk.place;
    if (place.partition == nullptr) return;
    const Relation index =
        key_index(place.info->ri_IndexRelationDescs, place.info->ri_NumIndices, bulk.columns[0], bulk.columns[1]);
    if (index == nullptr) return leave_partition(bulk);
    place.lookup = begin_lookup(place.partition, index);
}

// ---- storing ----

void prepare_defaults(Bulk &bulk)
{
    const TupleDesc columns = RelationGetDescr(bulk.events);
    bulk.defaults = static_cast<ExprState **>(palloc0(static_cast<Size>(columns->natts) * sizeof(ExprState *)));
    for (int number = 1; number <= columns->natts; ++number) {
        if (std::find(bulk.columns, bulk.columns + bulk.description->natts, number) !=
            bulk.columns + bulk.description->natts)
            continue;
        auto *const expression = reinterpret_cast<Expr *>(build_column_default(bulk.events, number));
        if (expression != nullptr) bulk.defaults[number - 1] = ExecPrepareExpr(expression, bulk.estate);
    }
}

void form(Bulk &bulk, const Row &row, TupleTableSlot *slot)
{
    ExecStoreMinimalTuple(row.tuple, bulk.source, false);
    slot_getallattrs(bulk.source);
    ExecClearTuple(slot);
    ExprContext *const context = GetPerTupleExprContext(bulk.estate);
    const MemoryContext outer = MemoryContextSwitchTo(context->ecxt_per_tuple_memory);
    for (int i = 0; i < slot->tts_tupleDescriptor->natts; ++i) {
        slot->tts_isnull[i] = bulk.defaults[i] == nullptr;
        if (bulk.defaults[i] != nullptr)
            slot->tts_values[i] = ExecEvalExpr(bulk.defaults[i], context, &slot->tts_isnull[i]);
    }
    for (int i = 0; i < bulk.description->natts; ++i) {
        slot->tts_values[bulk.columns[i] - 1] = bulk.source->tts_values[i];
        slot->tts_isnull[bulk.columns[i] - 1] = bulk.source->tts_isnull[i];
    }
    MemoryContextSwitchTo(outer);
    ExecStoreVirtualTuple(slot);
}

List *enter_in_indexes(Bulk &bulk, TupleTableSlot *slot)
{
#if PG_VERSION_NUM >= 160000
    return ExecInsertIndexTuples(bulk.place.info, slot, bulk.estate, false, false, nullptr, NIL, false);
#else
    return ExecInsertIndexTuples(bulk.place.info, slot, bulk.estate, false, false, nullptr, NIL);
#endif
}

void follow(Bulk &bulk, TupleTableSlot *slot, List *to_recheck)
{
    const Place &place = bulk.place;
    if (place.follower != nullptr)
        place.follower->came(slot);
    else
        ExecARInsertTriggers(bulk.estate, place.info, slot, to_recheck, nullptr);
}

void store_round(Bulk &bulk)
{
    if (bulk.used_slots == 0) return;
    const MemoryContext outer = MemoryContextSwitchTo(GetPerTupleMemoryContext(bulk.estate));
    table_multi_insert(bulk.place.partition, bulk.slots, bulk.used_slots, GetCurrentCommandId(true), 0, nullptr);
    for (int i = 0; i < bulk.used_slots; ++i) {
        follow(bulk, bulk.slots[i], enter_in_indexes(bulk, bulk.slots[i]));
        ExecClearTuple(bulk.slots[i]);
    }
    MemoryContextSwitchTo(outer);
    bulk.used_slots = 0;
    ResetPerTupleExprContext(bulk.estate);
}

void store_row(Bulk &bulk, const Row &row)
{
    const Place &place = bulk.place;
    if (bulk.used_slots == bulk.made_slots) bulk.slots[bulk.made_slots++] = table_slot_create(place.partition, nullptr);
    TupleTableSlot *const slot = bulk.slots[bulk.used_slots++];
    form(bulk, row, slot);
    if (RelationGetDescr(place.partition)->constr != nullptr) ExecConstraints(place.info, slot, bulk.estate);
    if (bulk.used_slots == rows_per_round) store_round(bulk);
}

std::int32_t store_all(const Home &home, TupleDesc description, Row *rows, std::int32_t count)
{
    Bulk *const bulk = begin(home, description);
    if (bulk == nullptr) return 0;
    prepare_defaults(*bulk);
    bulk->root = makeNode(ResultRelInfo);
    InitResultRelInfo(bulk->root, bulk->events, 0, nullptr, 0);
    PushActiveSnapshot(GetTransactionSnapshot());
    AfterTriggerBeginQuery();
    ExecBSInsertTriggers(bulk->estate, bulk->root);

    std::int32_t stored = 0;
    for (Row *row = rows; row != rows + count; ++row) {
        CHECK_FOR_INTERRUPTS();
        if (row->way != Way::bulk || repeats(rows, row)) continue;
        if (!bulk->place.range.holds(row->occurred_at)) {
            store_round(*bulk);
            enter_partition(*bulk, row->occurred_at);
            if (bulk->place.partition != nullptr) bulk->place.follower = sole_follower(home, bulk->place.partition);
        }
        if (bulk->place.partition == nullptr) { // the statement before us has changed it
            row->way = Way::statement;
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

/* All of it or, should a rival have stored one of the rows, nothing. */
std::int32_t try_to_store_all(const Home &home, TupleDesc description, Row *rows, std::int32_t count)
{
    std::int32_t stored = 0;
    ErrorData *const error = attempt([&] { stored = store_all(home, description, rows, count); });
    if (error == nullptr) return stored;
    if (error->sqlerrcode != ERRCODE_UNIQUE_VIOLATION) ReThrowError(error);
    FreeErrorData(error);
    return 0;
}

} // namespace

void choose_ways(const Home &home, TupleDesc description, Row *rows, std::int32_t count)
{
    Bulk *const bulk = begin(home, description);
    for (Row *row = rows; row != rows + count; ++row) {
        CHECK_FOR_INTERRUPTS();
        row->way = Way::statement;
        if (bulk == nullptr) continue;
        if (repeats(rows, row)) {
            row->way = row[-1].way;
            continue;
        }
        if (!bulk->place.range.holds(row->occurred_at)) {
            enter_partition(*bulk, row->occurred_at);
            prepare_lookup(*bulk);
        }
        if (bulk->place.partition != nullptr && !is_known(*bulk->place.lookup, *row)) row->way = Way::bulk;
    }
    if (bulk != nullptr) end(*bulk);
}

std::int32_t bulk_insert(const Home &home, TupleDesc description, Row *rows, std::int32_t count)
{
    if (std::none_of(rows, rows + count, [](const Row &row) { return row.way == Way::bulk; })) return 0;
    const std::int32_t stored = try_to_store_all(home, description, rows, count);
    for (Row *row = rows; row != rows + count; ++row) {
        if (row->way != Way::bulk) continue;
        row->stored = stored > 0 && !repeats(rows, row);
        row->way = stored > 0 ? Way::none : Way::statement;
    }
    return stored;
}

} // namespace analytics::pg
