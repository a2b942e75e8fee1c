#include "hour_walk.hpp"

#include "../border/boundary.hpp"
#include "../border/text.hpp"

extern "C" {
#include "access/stratnum.h"
#include "access/table.h"
#include "catalog/pg_type.h"
#include "utils/fmgroids.h"
#include "utils/snapmgr.h"
}

namespace analytics::pg {
namespace {

constexpr ReadColumn hour_column{"hour", TIMESTAMPTZOID};
constexpr ReadColumn tenant_column{"tenant_id", TEXTOID, Nulls::allowed};
constexpr ReadColumn cells_column{"cells", BYTEAOID};

} // namespace

HourWalk::HourWalk(const ExtensionSchema &schema, const NullableDatum &tenant, std::optional<std::string_view> type)
    : tenant_(tenant), type_(type),
      table_(
          open_table(schema, tenant.isnull ? "analytics_rollup_totals" : "analytics_rollup_tenants", AccessShareLock)),
      index_(index_open(
          index_of(table_, schema, tenant.isnull ? "analytics_rollup_totals_hour" : "analytics_rollup_tenants_hour"),
          AccessShareLock)),
      hours_(column_number(RelationGetDescr(table_), hour_column)),
      tenants_(tenant.isnull ? AttrNumber{0} : column_number(RelationGetDescr(table_), tenant_column)),
      cells_(column_number(RelationGetDescr(table_), cells_column))
{
}

void HourWalk::go_before(TimestampTz time)
{
    constexpr int most_keys = 2;
    ScanKeyData keys[most_keys];
    int count = 0;
    if (!tenant_.isnull)
        ScanKeyEntryInitialize(&keys[count++], 0, tenants_, BTEqualStrategyNumber, InvalidOid,
                               TupleDescAttr(RelationGetDescr(table_), tenants_ - 1)->attcollation, F_TEXTEQ,
                               tenant_.value);
    ScanKeyEntryInitialize(&keys[count++], 0, hours_, BTLessStrategyNumber, InvalidOid, InvalidOid, F_TIMESTAMPTZ_LT,
                           TimestampTzGetDatum(time));
    if (scan_ != nullptr) systable_endscan_ordered(scan_);
    scan_ = systable_beginscan_ordered(table_, index_, GetActiveSnapshot(), count, keys);
    step();
}

bool HourWalk::next()
{
    if (!HeapTupleIsValid(ahead_)) return false;
    hour_ = hour_ahead();
    sums_ = {};
    do {
        CHECK_FOR_INTERRUPTS();
        bool is_null = false;
        const Datum cells = value_in(ahead_, RelationGetDescr(table_), cells_, cells_column, &is_null);
        with_bytes(cells, [&](std::string_view packed) { guarded([&] { sums_.add(packed, type_); }); });
        step();
    } while (HeapTupleIsValid(ahead_) && hour_ahead() == hour_);
    return true;
}

void HourWalk::close()
{
    if (scan_ != nullptr) systable_endscan_ordered(scan_);
    index_close(index_, NoLock);
    table_close(table_, NoLock);
}

TimestampTz HourWalk::hour_ahead() const
{
    bool is_null = false;
    return DatumGetTimestampTz(value_in(ahead_, RelationGetDescr(table_), hours_, hour_column, &is_null));
}

void HourWalk::step()
{
    ahead_ = systable_getnext_ordered(scan_, BackwardScanDirection);
}

} // namespace analytics::pg
