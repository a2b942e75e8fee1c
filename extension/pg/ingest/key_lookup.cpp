#include "key_lookup.hpp"

extern "C" {
#include "access/genam.h"
#include "access/itup.h"
#include "access/relscan.h"
#include "access/stratnum.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/uuid.h"
}

#include <cstring>

namespace analytics::pg {

constexpr int key_columns = 2; // occurred_at, id
constexpr std::uint32_t lookups_per_search = 64;
constexpr int near = 64; // entries; reading so many costs some three look-ups, by estimate

struct KeyLookup {
    IndexScanDesc look = nullptr; // for one key
    ScanKeyData look_key[key_columns]{};

    IndexScanDesc search = nullptr; // for the first entry from a key on
    ScanKeyData search_key{};       // row-wise: (occurred_at, id) >= (…)
    ScanKeyData search_columns[key_columns]{};

    std::uint32_t lookups = 0;
    bool has_gap = false;     // before the key that follows
    bool is_last_gap = false; // nothing follows
    bool is_near = false;     // the rows so far were near what follows the gap
    TimestampTz next_occurred_at = 0;
    pg_uuid_t next_id{};
};

namespace {

IndexScanDesc begin_scan(Relation partition, Relation index, int keys)
{
#if PG_VERSION_NUM >= 180000
    return index_beginscan(partition, index, GetActiveSnapshot(), nullptr, keys, 0);
#else
    return index_beginscan(partition, index, GetActiveSnapshot(), keys, 0);
#endif
}

void prepare_search(KeyLookup &lookup)
{
    const RegProcedure orders[key_columns] = {F_TIMESTAMPTZ_CMP, F_UUID_CMP};
    for (int i = 0; i < key_columns; ++i) {
        const int flags = SK_ROW_MEMBER | (i == key_columns - 1 ? SK_ROW_END : 0);
        ScanKeyEntryInitialize(&lookup.search_columns[i], flags, static_cast<AttrNumber>(i + 1),
                               BTGreaterEqualStrategyNumber, InvalidOid, InvalidOid, orders[i], Datum{0});
    }
    lookup.search_key = {};
    lookup.search_key.sk_flags = SK_ROW_HEADER;
    lookup.search_key.sk_attno = 1;
    lookup.search_key.sk_strategy = BTGreaterEqualStrategyNumber;
    lookup.search_key.sk_argument = PointerGetDatum(lookup.search_columns);
}

bool has_entry(KeyLookup &lookup, Datum occurred_at, Datum id)
{
    lookup.look_key[0].sk_argument = occurred_at;
    lookup.look_key[1].sk_argument = id;
    index_rescan(lookup.look, lookup.look_key, key_columns, nullptr, 0);
    return index_getnext_tid(lookup.look, ForwardScanDirection) != nullptr;
}

void read_next(KeyLookup &lookup)
{
    lookup.is_last_gap = index_getnext_tid(lookup.search, ForwardScanDirection) == nullptr;
    if (lookup.is_last_gap) return;
    bool is_null = false;
    const auto column = [&](int number) {
        return index_getattr(lookup.search->xs_itup, number, lookup.search->xs_itupdesc, &is_null);
    };
    lookup.next_occurred_at = DatumGetTimestampTz(column(1));
    lookup.next_id = *DatumGetUUIDP(column(2));
}

void find_gap(KeyLookup &lookup, Datum occurred_at, Datum id)
{
    lookup.search_columns[0].sk_argument = occurred_at;
    lookup.search_columns[1].sk_argument = id;
    index_rescan(lookup.search, &lookup.search_key, 1, nullptr, 0);
    lookup.has_gap = lookup.is_near = true;
    read_next(lookup);
}

/* The row compared with the entry after the gap: less than zero when it lies in the gap. */
int compare(const KeyLookup &lookup, const Row &row)
{
    return lookup.is_last_gap ? -1 : compare(row, lookup.next_occurred_at, lookup.next_id.data);
}

/* Reads forward to the gap that the row lies in or ends, if that is near. */
void follow(KeyLookup &lookup, const Row &row)
{
    int steps = 0;
    while (compare(lookup, row) > 0 && steps++ < near) read_next(lookup);
    lookup.is_near = steps <= near;
}

} // namespace

Relation key_index(const Relation *indexes, int count, AttrNumber occurred_at, AttrNumber id)
{
    for (int i = 0; i < count; ++i) {
        const Form_pg_index form = indexes[i]->rd_index;
        if (form->indisprimary && form->indisvalid && form->indimmediate && form->indnkeyatts == key_columns &&
            form->indkey.values[0] == occurred_at && form->indkey.values[1] == id)
            return indexes[i];
    }
    return nullptr;
}

KeyLookup *begin_lookup(Relation partition, Relation index)
{
    auto *const lookup = static_cast<KeyLookup *>(palloc0(sizeof(KeyLookup)));
    lookup->look = begin_scan(partition, index, key_columns);
    ScanKeyInit(&lookup->look_key[0], 1, BTEqualStrategyNumber, F_TIMESTAMPTZ_EQ, Datum{0});
    ScanKeyInit(&lookup->look_key[1], 2, BTEqualStrategyNumber, F_UUID_EQ, Datum{0});
    lookup->search = begin_scan(partition, index, 1);
    lookup->search->xs_want_itup = true;
    prepare_search(*lookup);
    return lookup;
}

bool is_known(KeyLookup &lookup, const Row &row)
{
    if (lookup.is_near) follow(lookup, row);
    if (lookup.has_gap)
        if (const int order = compare(lookup, row); order <= 0) return order == 0;
    const Datum occurred_at = TimestampTzGetDatum(row.occurred_at);
    const Datum id = PointerGetDatum(row.id.data());
    if (lookup.lookups++ % lookups_per_search != 0) return has_entry(lookup, occurred_at, id);
    find_gap(lookup, occurred_at, id);
    return compare(lookup, row) == 0;
}

void end_lookup(KeyLookup &lookup)
{
    index_endscan(lookup.look);
    index_endscan(lookup.search);
}

} // namespace analytics::pg
