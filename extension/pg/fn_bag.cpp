/* analytics_bag_cells: what a bag holds, as rows. */

#include "boundary.hpp"
#include "text.hpp"

#include "core/bag.hpp"

extern "C" {
#include "funcapi.h"
}

namespace analytics::pg {
namespace {

struct Cell {
    std::string_view type;
    core::MinuteCount count;
};

/* A packed bag's cells, one after another; plain data, so it may live through PostgreSQL phases. */
class CellReader {
public:
    explicit CellReader(std::string_view packed) : types_(packed) {}

    bool next(Cell &cell)
    {
        while (!minutes_.next(cell.count)) {
            if (!types_.next()) return false;
            minutes_ = types_.minutes();
        }
        cell.type = types_.type();
        return true;
    }

private:
    core::BagReader types_;
    core::MinuteReader minutes_{nullptr, nullptr};
};

} // namespace
} // namespace analytics::pg

ANALYTICS_FUNCTION(analytics_bag_cells)
{
    using namespace analytics;
    using namespace analytics::pg;
    const TimestampTz hour = PG_GETARG_TIMESTAMPTZ(0);
    if (!IS_VALID_TIMESTAMP(hour))
        ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE), errmsg("timestamp out of range")));
    const std::string_view packed = bytes_of(PG_GETARG_DATUM(1));

    InitMaterializedSRF(fcinfo, 0);
    auto *const result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    CellReader reader = guarded([&] { return CellReader{packed}; });
    Cell cell;
    while (guarded([&] { return reader.next(cell); })) {
        const Datum type = text_of(cell.type);
        Datum values[] = {TimestampTzGetDatum(hour + cell.count.minute * USECS_PER_MINUTE), type,
                          Int64GetDatum(cell.count.count)};
        bool nulls[] = {false, false, false};
        tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
        pfree(DatumGetPointer(type));
    }
    return {};
}
