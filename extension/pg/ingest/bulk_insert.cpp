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

/* A round's rows are formed, then stored together: enough to fill pages, few enough to stay in the cache. */
constexpr int rows_per_round = 128;

/* Whether the row has the key of the one before it: the first of them is stored, and the others go its way. */
bool repeats(const Row *rows, const Row *row) noexcept
{
    return row != rows && compare(*row, row[-1].occurred_at, row[-1].id.data()) == 0;
}

// ---- what stands in the way ----

/* A generated column is computed by the statement, and so is what a domain says about a value that is not given. */
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

/* A snapshot that outlives the statement could be betrayed by a rival's row; rules and transition tables belong to the
 * statement. */
bool allows(Relation events, TupleDesc description)
{
    if (XactReadOnly || IsInParallelMode() || IsolationUsesXactSnapshot()) return false;
    if (events->rd_rules != nullptr || has_demanding_columns(RelationGetDescr(events))) return false;
    if (events->trigdesc != nullptr && events->trigdesc->trig_insert_new_table) return false;
    for (int i = 0; i < description->natts; ++i)
        if (column_like(events, *TupleDescAttr(description, i)) == 0) return false;
    return may_insert(events);
}

/* Where a partition's column gets its value from: the batch's column of that number, else the default, else null. */
struct Source {
    int batch_column;
    ExprState *otherwise;
};

/* One partition at a time is open. */
struct Place {
    PartitionRange range{};
    Relation partition = nullptr; // null: not one that is open
    Source *sources = nullptr;    // by the partition's columns
    ResultRelInfo *info = nullptr;
    KeyLookup *lookup = nullptr; // while choosing
    Upkeeps *follower = nullptr; // while storing: of the rows, in place of their triggers
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
    Source *sources = nullptr;       // by the columns of events
    TupleTableSlot *source = nullptr;
    Place place;

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

/* Where the columns of events get their values from. False where a default must not be evaluated ahead of its row's
 * insertion: it may look at the table. */
bool find_sources(Bulk &bulk)
{
    const TupleDesc columns = RelationGetDescr(bulk.events);
    bulk.sources = static_cast<Source *>(palloc(static_cast<Size>(columns->natts) * sizeof(Source)));
    for (int i = 0; i < columns->natts; ++i) {
        const FormData_pg_attribute &column = *TupleDescAttr(columns, i);
        Source &source = bulk.sources[i];
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
    if (find_sources(*bulk)) return bulk;
    close_events(*bulk);
    return nullptr;
}

/* A partition may have its columns in another order than events, and dropped ones of its own. */
Source *sources_in(const Bulk &bulk, Relation partition)
{
    const TupleDesc columns = RelationGetDescr(partition);
    const TupleConversionMap *const map = convert_tuples_by_name(RelationGetDescr(bulk.events), columns);
    auto *const sources = static_cast<Source *>(palloc(static_cast<Size>(columns->natts) * sizeof(Source)));
    for (int i = 0; i < columns->natts; ++i) {
        const int number = map == nullptr ? i + 1 : map->attrMap->attnums[i];
        sources[i] = number > 0 ? bulk.sources[number - 1] : Source{-1, nullptr};
    }
    return sources;
}

/* The partition's column that the batch's column goes to. */
AttrNumber column_for(const Place &place, int batch_column)
{
    for (AttrNumber number = 1;; ++number)
        if (place.sources[number - 1].batch_column == batch_column) return number;
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
    pfree(place.sources);
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
    if (!is_plain(partition)) {
        table_close(partition, NoLock);
        return;
    }
    place.partition = partition;
    place.sources = sources_in(bulk, partition);
    const MemoryContext outer = MemoryContextSwitchTo(bulk.estate->es_query_cxt);
    place.info = makeNode(ResultRelInfo);
    InitResultRelInfo(place.info, partition, 0, nullptr, 0);
    ExecOpenIndices(place.info, false);
    MemoryContextSwitchTo(outer);
}

void end(Bulk &bulk)
{
    leave_partition(bulk);
    close_events(bulk);
}

// ---- looking up ----

/* Makes the partition's key ready to be looked up; leaves the partition when it has none. */
void prepare_lookup(Bulk &bulk)
{
    Place &place = bulk.place;
    if (place.partition == nullptr) return;
    const Relation index = key_index(place.info->ri_IndexRelationDescs, place.info->ri_NumIndices, column_for(place, 0),
                                     column_for(place, 1));
    if (index == nullptr) return leave_partition(bulk);
    place.lookup = begin_lookup(place.partition, index);
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
        const Source &source = bulk.place.sources[i];
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

/* Whether a rival has stored a row of the same key. Any other index that will have a value once is the operator's, and
 * its refusal is no duplicate. */
bool is_rivals_key(const ErrorData &error)
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

/* All of it or, should a rival have stored one of the rows, nothing. */
std::int32_t try_to_store_all(const Home &home, TupleDesc description, Row *rows, std::int32_t count)
{
    std::int32_t stored = 0;
    ErrorData *const error = attempt([&] { stored = store_all(home, description, rows, count); });
    if (error == nullptr) return stored;
    if (!is_rivals_key(*error)) ReThrowError(error);
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

void bulk_insert(const Home &home, TupleDesc description, Row *rows, std::int32_t count)
{
    if (std::none_of(rows, rows + count, [](const Row &row) { return row.way == Way::bulk; })) return;
    const std::int32_t stored = try_to_store_all(home, description, rows, count);
    for (Row *row = rows; row != rows + count; ++row) {
        if (row->way != Way::bulk) continue;
        if (stored > 0 && !repeats(rows, row)) row->outcome = Outcome::stored;
        row->way = stored > 0 ? Way::none : Way::statement;
    }
}

} // namespace analytics::pg
