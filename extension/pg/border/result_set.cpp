#include "result_set.hpp"

namespace analytics::pg {

Answer::Answer(FunctionCallInfo fcinfo, bits32 flags)
{
    InitMaterializedSRF(fcinfo, flags);
    result_ = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
}

void AnswerReader::begin(TupleDesc rows)
{
    conversion_ = convert_tuples_by_position(rows, answer_.type(), "rows do not fit the type of the answer");
    if (conversion_ != nullptr) converted_ = MakeSingleTupleTableSlot(answer_.type(), &TTSOpsVirtual);
}

bool AnswerReader::receive(TupleTableSlot *row)
{
    answer_.put(conversion_ == nullptr ? row : execute_attr_map_slot(conversion_->attrMap, row, converted_));
    ++rows_;
    return true;
}

} // namespace analytics::pg
