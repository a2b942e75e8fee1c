#include "hour_walk.hpp"

#include "boundary.hpp"
#include "text.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "utils/fmgroids.h"
#include "utils/snapmgr.h"
}

namespace analytics::pg {
namespace {

constexpr AttrNumber hour_column = 1;
constexpr AttrNumber tenant_column = 2; // of tenants' bags
constexpr AttrNumber totals_cells = 3;
constexpr AttrNumber tenants_cells = 4;

} // namespace

HourWalk::HourWalk(const Home &home, const TenantArgument &tenant, std::optional<std::string_view> type)
    : tenant_(tenant), type_(type),
      table_(table_open(relation_at(home, tenant.any ? "analytics_rollup_totals" : "analytics_rollup_tenants"),
                        AccessShareLock)),
      index_(
          index_open(relation_at(home, tenant.any ? "analytics_rollup_totals_hour" : "analytics_rollup_tenants_hour"),
                     AccessShareLock)),
      cells_(tenant.any ? totals_cells : tenants_cells)
{
}

void HourWalk::go_before(TimestampTz time)
{
    constexpr int most_keys = 2;
    ScanKeyData keys[most_keys];
    int count = 0;
    if (!tenant_.any)
        ScanKeyEntryInitialize(&keys[count++], 0, tenant_column, BTEqualStrategyNumber, InvalidOid,
                               TupleDescAttr(RelationGetDescr(table_), tenant_column - 1)->attcollation, F_TEXTEQ,
                               tenant_.id);
    ScanKeyEntryInitialize(&keys[count++], 0, hour_column, BTLessStrategyNumber, InvalidOid, InvalidOid,
                           F_TIMESTAMPTZ_LT, TimestampTzGetDatum(time));
    if (scan_ != nullptr) systable_endscan_ordered(scan_);
    scan_ = systable_beginscan_ordered(table_, index_, GetActiveSnapshot(), count, keys);
    step();
}

bool HourWalk::next()
{
    if (!HeapTupleIsValid(ahead_)) return false;
    hour_ = DatumGetTimestampTz(column(hour_column));
    sums_ = {};
    do {
        CHECK_FOR_INTERRUPTS();
        with_bytes(column(cells_), [&](std::string_view packed) { guarded([&] { sums_.add(packed, type_); }); });
        step();
    } while (HeapTupleIsValid(ahead_) && DatumGetTimestampTz(column(hour_column)) == hour_);
    return true;
}

void HourWalk::close()
{
    if (scan_ != nullptr) systable_endscan_ordered(scan_);
    index_close(index_, NoLock);
    table_close(table_, NoLock);
}

Datum HourWalk::column(AttrNumber number) const
{
    bool is_null = false;
    return heap_getattr(ahead_, number, RelationGetDescr(table_), &is_null);
}

void HourWalk::step()
{
    ahead_ = systable_getnext_ordered(scan_, BackwardScanDirection);
}

} // namespace analytics::pg
