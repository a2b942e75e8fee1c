#include "agreement.hpp"

#include "../border/owned.hpp"
#include "statement_delta.hpp"

extern "C" {
#include "access/genam.h"
#include "access/htup_details.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "miscadmin.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
}

namespace analytics::pg {
namespace {

/* A truncation of a table whose rows were not those of the transaction's snapshot. It lives in the subtransaction's
 * memory, so it is forgotten when that fails. */
class UnseenTruncation {
public:
    UnseenTruncation() noexcept { ++count; }
    ~UnseenTruncation() { --count; }
    UnseenTruncation(const UnseenTruncation &) = delete;
    UnseenTruncation &operator=(const UnseenTruncation &) = delete;

    static bool any() noexcept { return count > 0; }

private:
    static inline int count = 0;
};

/* Calls see(tuple) for each row of the catalogue with that value in the column, until it returns false. */
template <class See> bool all_rows(Oid catalogue, Oid index, AttrNumber column, Oid value, Snapshot snapshot, See see)
{
    ScanKeyData key{};
    ScanKeyInit(&key, column, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(value));
    const Relation relation = table_open(catalogue, AccessShareLock);
    const SysScanDesc scan = systable_beginscan(relation, index, true, snapshot, 1, &key);
    bool is_so = true;
    for (HeapTuple tuple = nullptr; is_so && HeapTupleIsValid(tuple = systable_getnext(scan));) is_so = see(tuple);
    systable_endscan(scan);
    table_close(relation, AccessShareLock);
    return is_so;
}

/* Whether the table has the same file in the snapshot as now. */
bool has_same_file(Oid table, Snapshot snapshot)
{
    const HeapTuple now = SearchSysCache1(RELOID, ObjectIdGetDatum(table));
    if (!HeapTupleIsValid(now)) return false;
    const Oid file = reinterpret_cast<Form_pg_class>(GETSTRUCT(now))->relfilenode;
    ReleaseSysCache(now);
    return all_rows(RelationRelationId, ClassOidIndexId, Anum_pg_class_oid, table, snapshot, [file](HeapTuple tuple) {
        return reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple))->relfilenode == file;
    });
}

/* Whether all partitions of the snapshot still exist, with the same files. Otherwise one was dropped or truncated, or
 * rewritten, which looks the same. */
bool has_same_files(Oid parent, Snapshot snapshot)
{
    check_stack_depth();
    return all_rows(InheritsRelationId, InheritsParentIndexId, Anum_pg_inherits_inhparent, parent, snapshot,
                    [snapshot](HeapTuple tuple) {
                        const Oid partition = reinterpret_cast<Form_pg_inherits>(GETSTRUCT(tuple))->inhrelid;
                        return has_same_file(partition, snapshot) && has_same_files(partition, snapshot);
                    });
}

/* Whether the other snapshot shows all rows that the one shows. */
bool shows_all(Relation table, Snapshot one, Snapshot other)
{
    TupleTableSlot *const slot = table_slot_create(table, nullptr);
    const TableScanDesc scan = table_beginscan(table, one, 0, nullptr);
    bool is_so = true;
    while (is_so && table_scan_getnextslot(scan, ForwardScanDirection, slot)) {
        CHECK_FOR_INTERRUPTS();
        is_so = table_tuple_satisfies_snapshot(table, slot, other);
    }
    table_endscan(scan);
    ExecDropSingleTupleTableSlot(slot);
    return is_so;
}

bool is_past_snapshot(const ExtensionSchema &schema)
{
    if (!IsolationUsesXactSnapshot()) return false;
    return UnseenTruncation::any() ||
           !has_same_files(relation_in(schema, "analytics_events"), GetTransactionSnapshot());
}

} // namespace

bool bags_agree(const ExtensionSchema &schema)
{
    return !EventDelta::is_any_open() && !is_past_snapshot(schema);
}

void expect_truncation(const ExtensionSchema &schema, Oid table_oid)
{
    if (!IsolationUsesXactSnapshot() || UnseenTruncation::any()) return;
    const Relation table = table_open(table_oid, NoLock);
    const Snapshot latest = RegisterSnapshot(GetLatestSnapshot());
    const Snapshot own = RegisterSnapshot(GetTransactionSnapshot());
    const bool is_same = !is_past_snapshot(schema) && shows_all(table, latest, own) && shows_all(table, own, latest);
    UnregisterSnapshot(own);
    UnregisterSnapshot(latest);
    table_close(table, NoLock);
    if (!is_same) make_owned<UnseenTruncation>(CurTransactionContext);
}

} // namespace analytics::pg
