#include "bags.hpp"

extern "C" {
#include "access/stratnum.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "common/hashfn.h"
#include "utils/snapmgr.h"
}

namespace analytics::pg {
namespace {

constexpr std::uint64_t bags_per_count = 8;

} // namespace

/* Random without a state: it depends on the transaction, the command and the key. */
bool is_time_to_fold(std::uint32_t number, const std::optional<std::string> *tenant)
{
    std::uint64_t chance = hash_bytes_uint32_extended(GetTopTransactionId(), GetCurrentCommandId(true));
    chance = hash_bytes_uint32_extended(number, chance);
    if (tenant != nullptr && *tenant)
        chance = hash_bytes_extended(reinterpret_cast<const unsigned char *>((*tenant)->data()),
                                     static_cast<int>((*tenant)->size()), chance);
    return chance % bags_per_count == 0;
}

void BagKey::add(int column, RegProcedure equality, Datum value)
{
    Assert(count_ < most);
    const AttrNumber number = bags_.numbers_[column];
    const Oid collation = TupleDescAttr(RelationGetDescr(bags_.table_), number - 1)->attcollation;
    ScanKeyEntryInitialize(&columns_[count_++], 0, number, BTEqualStrategyNumber, InvalidOid, collation, equality,
                           value);
}

void BagKey::add_null(int column)
{
    Assert(count_ < most);
    ScanKeyEntryInitialize(&columns_[count_++], SK_ISNULL | SK_SEARCHNULL, bags_.numbers_[column], InvalidStrategy,
                           InvalidOid, InvalidOid, InvalidOid, Datum{0});
}

Bags::Bags(const ExtensionSchema &schema, const char *table, const char *index, std::span<const ReadColumn> columns,
           const ReadColumn *newest)
    : RowAppender(schema, table, columns, newest), index_(index_of(table_, schema, index))
{
}

/* Each scan has a new snapshot, because bags have changed since the statement began. Under REPEATABLE READ it is the
 * transaction's own. It must be: with a newer one, the sum would hold bags that the transaction does not see. */
void Bags::begin(BagKey key, BagSizes sizes)
{
    sizes_ = sizes;
    snapshot_ = RegisterSnapshot(GetTransactionSnapshot());
    scan_ = systable_beginscan(table_, index_, true, snapshot_, key.count_, key.columns_);
}

HeapTuple Bags::next()
{
    HeapTuple bag = systable_getnext(scan_);
    while (HeapTupleIsValid(bag) && sizes_ == BagSizes::small && HeapTupleHasExternal(bag))
        bag = systable_getnext(scan_);
    return bag;
}

void Bags::end()
{
    systable_endscan(scan_);
    UnregisterSnapshot(snapshot_);
}

bool Bags::are_many(const BagKey &key, int many, BagSizes sizes)
{
    begin(key, sizes);
    int count = 0;
    while (count < many && HeapTupleIsValid(next())) ++count;
    end();
    return count >= many;
}

void Bags::take(const BagKey &key, BagSizes sizes)
{
    has_skipped_ = false;
    begin(key, sizes);
}

HeapTuple Bags::next_taken()
{
    while (const HeapTuple bag = next()) {
        CHECK_FOR_INTERRUPTS();
        TM_FailureData failure{};
        if (table_tuple_delete(table_, &bag->t_self, GetCurrentCommandId(true), snapshot_, InvalidSnapshot, false,
                               &failure, false) == TM_Ok)
            return bag;
        has_skipped_ = true;
    }
    end();
    return nullptr;
}

HeapTuple Bags::take_one(const BagKey &key)
{
    take(key);
    HeapTuple bag = next_taken();
    if (bag == nullptr) return nullptr;
    bag = heap_copytuple(bag);
    end();
    return bag;
}

Datum Bags::value(HeapTuple bag, int column, bool *is_null) const
{
    *is_null = true;
    if (numbers_[column] == InvalidAttrNumber) return {};
    return value_in(bag, RelationGetDescr(table_), numbers_[column], columns_[static_cast<std::size_t>(column)],
                    is_null);
}

} // namespace analytics::pg
