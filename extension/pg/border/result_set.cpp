#include "result_set.hpp"

namespace analytics::pg {

ResultSet::ResultSet(FunctionCallInfo fcinfo, bits32 flags)
{
    InitMaterializedSRF(fcinfo, flags);
    result_ = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
}

void ResultSetReader::begin(TupleDesc rows)
{
    conversion_ = convert_tuples_by_position(rows, result_.type(), "rows do not fit the type of the answer");
    if (conversion_ != nullptr) converted_ = MakeSingleTupleTableSlot(result_.type(), &TTSOpsVirtual);
}

bool ResultSetReader::receive(TupleTableSlot *row)
{
    result_.put(conversion_ == nullptr ? row : execute_attr_map_slot(conversion_->attrMap, row, converted_));
    ++rows_;
    return true;
}

} // namespace analytics::pg
