#include "bags.hpp"

extern "C" {
#include "access/stratnum.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "common/hashfn.h"
#include "executor/executor.h"
#include "utils/snapmgr.h"
}

#include <algorithm>

namespace analytics::pg {
namespace {

constexpr std::uint64_t bags_per_look = 8;

} // namespace

/* Chance without a state: every transaction and command throws anew for every key. */
bool is_time_to_look(std::uint32_t number, const std::optional<std::string> *tenant)
{
    std::uint64_t chance = hash_bytes_uint32_extended(GetTopTransactionId(), GetCurrentCommandId(true));
    chance = hash_bytes_uint32_extended(number, chance);
    if (tenant != nullptr && *tenant)
        chance = hash_bytes_extended(reinterpret_cast<const unsigned char *>((*tenant)->data()),
                                     static_cast<int>((*tenant)->size()), chance);
    return chance % bags_per_look == 0;
}

void BagKey::add(AttrNumber column, RegProcedure equality, Oid collation, Datum value)
{
    Assert(count_ < most);
    ScanKeyEntryInitialize(&columns_[count_++], 0, column, BTEqualStrategyNumber, InvalidOid, collation, equality,
                           value);
}

void BagKey::add_null(AttrNumber column)
{
    Assert(count_ < most);
    ScanKeyEntryInitialize(&columns_[count_++], SK_ISNULL | SK_SEARCHNULL, column, InvalidStrategy, InvalidOid,
                           InvalidOid, InvalidOid, Datum{0});
}

Bags::Bags(Oid table, Oid index)
    : table_(table_open(table, RowExclusiveLock)), index_(index), state_(CreateExecutorState()),
      target_(makeNode(ResultRelInfo)), slot_(table_slot_create(table_, nullptr))
{
    InitResultRelInfo(target_, table_, 0, nullptr, 0);
    ExecOpenIndices(target_, false);
}

void Bags::append(Datum *values, bool *nulls)
{
    ExecClearTuple(slot_);
    const int columns = slot_->tts_tupleDescriptor->natts;
    std::copy_n(values, columns, slot_->tts_values);
    std::copy_n(nulls, columns, slot_->tts_isnull);
    ExecStoreVirtualTuple(slot_);
    table_tuple_insert(table_, slot_, GetCurrentCommandId(true), 0, nullptr);
#if PG_VERSION_NUM >= 160000
    ExecInsertIndexTuples(target_, slot_, state_, false, false, nullptr, NIL, false);
#else
    ExecInsertIndexTuples(target_, slot_, state_, false, false, nullptr, NIL);
#endif
    ResetPerTupleExprContext(state_);
}

/* A new snapshot of each, since bags have come and gone since the statement began. Under REPEATABLE READ it is the
 * transaction's own, as it must be: a sum of what others have committed since would be seen. */
void Bags::begin(BagKey key)
{
    snapshot_ = RegisterSnapshot(GetTransactionSnapshot());
    scan_ = systable_beginscan(table_, index_, true, snapshot_, key.count_, key.columns_);
}

void Bags::end()
{
    systable_endscan(scan_);
    UnregisterSnapshot(snapshot_);
}

bool Bags::are_many(const BagKey &key, int many)
{
    begin(key);
    int count = 0;
    while (count < many && HeapTupleIsValid(systable_getnext(scan_))) ++count;
    end();
    return count >= many;
}

HeapTuple Bags::next_taken()
{
    while (const HeapTuple bag = systable_getnext(scan_)) {
        CHECK_FOR_INTERRUPTS();
        TM_FailureData failure{};
        if (table_tuple_delete(table_, &bag->t_self, GetCurrentCommandId(true), snapshot_, InvalidSnapshot, false,
                               &failure, false) == TM_Ok)
            return bag;
    }
    end();
    return nullptr;
}

void Bags::close()
{
    ExecCloseIndices(target_);
    ExecDropSingleTupleTableSlot(slot_);
    FreeExecutorState(state_);
    table_close(table_, NoLock);
}

} // namespace analytics::pg
