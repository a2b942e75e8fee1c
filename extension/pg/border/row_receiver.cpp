#include "row_receiver.hpp"

namespace analytics::pg {

RowReceiver::RowReceiver() noexcept : base_{}
{
    base_.receiveSlot = [](TupleTableSlot *row, DestReceiver *self) { return of(self).receive(row); };
    base_.rStartup = [](DestReceiver *self, int, TupleDesc rows) { of(self).begin(rows); };
    base_.rShutdown = [](DestReceiver *) {};
    base_.rDestroy = [](DestReceiver *) {};
    base_.mydest = DestNone;
}

void RowReceiver::begin(TupleDesc rows)
{
    if (begin_ != nullptr)
        begin_(reader_, rows);
    else
        require_columns(rows, {columns_, count_});
}

bool RowReceiver::receive(TupleTableSlot *row)
{
    slot_getallattrs(row);
    for (std::size_t i = 0; i < count_; ++i) require_value(columns_[i], row->tts_isnull[i]);
    return receive_(reader_, row);
}

} // namespace analytics::pg
