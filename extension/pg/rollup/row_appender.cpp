#include "row_appender.hpp"

extern "C" {
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "executor/executor.h"
}

#include <algorithm>

namespace analytics::pg {

RowAppender::RowAppender(const ExtensionSchema &schema, const char *table, std::span<const ReadColumn> columns,
                         const ReadColumn *newest)
    : table_(open_table(schema, table, RowExclusiveLock)), columns_(columns), state_(CreateExecutorState()),
      target_(makeNode(ResultRelInfo)), slot_(table_slot_create(table_, nullptr))
{
    Assert(columns_.size() <= most_columns);
    std::transform(columns_.begin(), columns_.end(), numbers_, [this, newest](const ReadColumn &column) {
        const bool is_missing = &column == newest && !has_column(RelationGetDescr(table_), column.name);
        return is_missing ? AttrNumber{InvalidAttrNumber} : column_number(RelationGetDescr(table_), column);
    });
    InitResultRelInfo(target_, table_, 0, nullptr, 0);
    ExecOpenIndices(target_, false);
}

void RowAppender::append(const Datum *values, const bool *nulls)
{
    ExecClearTuple(slot_);
    std::fill_n(slot_->tts_isnull, slot_->tts_tupleDescriptor->natts, true);
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        if (numbers_[i] == InvalidAttrNumber) continue;
        slot_->tts_values[numbers_[i] - 1] = values[i];
        slot_->tts_isnull[numbers_[i] - 1] = nulls[i];
    }
    ExecStoreVirtualTuple(slot_);
    table_tuple_insert(table_, slot_, GetCurrentCommandId(true), 0, nullptr);
#if PG_VERSION_NUM >= 160000
    ExecInsertIndexTuples(target_, slot_, state_, false, false, nullptr, NIL, false);
#else
    ExecInsertIndexTuples(target_, slot_, state_, false, false, nullptr, NIL);
#endif
    ResetPerTupleExprContext(state_);
}

void RowAppender::close()
{
    ExecCloseIndices(target_);
    ExecDropSingleTupleTableSlot(slot_);
    FreeExecutorState(state_);
    table_close(table_, NoLock);
}

} // namespace analytics::pg
