#include "bulk_insert.hpp"

#include "../border/subtransaction.hpp"
#include "../rollup/statement_delta.hpp"
#include "bulk_target.hpp"
#include "key_lookup.hpp"

extern "C" {
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/namespace.h"
#include "catalog/pg_index.h"
#include "commands/trigger.h"
#include "executor/executor.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
}

#include <algorithm>

namespace analytics::pg {
namespace {

/* Whether the row has the key of the row before it. Only the first row of a key is stored. */
bool repeats(const Row *rows, const Row *row) noexcept
{
    return row != rows && compare(*row, row[-1].occurred_at, row[-1].id.data()) == 0;
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
    Bulk *const bulk = begin_bulk(schema, description);
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
    end_bulk(*bulk);
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
    Bulk *const bulk = begin_bulk(schema, description);
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
    if (bulk != nullptr) end_bulk(*bulk);
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
