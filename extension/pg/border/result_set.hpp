/* Where the rows of a function go that answers with a set. PostgreSQL phases. */
#pragma once

#include "postgres.hpp"

extern "C" {
#include "access/tupconvert.h"
#include "executor/tuptable.h"
#include "funcapi.h"
#include "utils/tuplestore.h"
}

#include <cstdint>

namespace analytics::pg {

class Answer {
public:
    /** flags: as InitMaterializedSRF takes them. */
    explicit Answer(FunctionCallInfo fcinfo, bits32 flags = 0);

    [[nodiscard]] TupleDesc type() const noexcept { return result_->setDesc; }
    void put(Datum *values, bool *nulls) { tuplestore_putvalues(result_->setResult, result_->setDesc, values, nulls); }
    void put(TupleTableSlot *row) { tuplestore_puttupleslot(result_->setResult, row); }

private:
    ReturnSetInfo *result_ = nullptr;
};

/** A reader (row_receiver.hpp) that answers with a statement's rows: of the answer's types, column by column, else SQLSTATE
 * 42804. Columns that the answer's type has lost are null. */
class AnswerReader {
public:
    explicit AnswerReader(Answer &answer) : answer_(answer) {}

    void begin(TupleDesc rows);
    bool receive(TupleTableSlot *row);
    [[nodiscard]] std::int64_t rows() const noexcept { return rows_; }

private:
    Answer &answer_;
    std::int64_t rows_ = 0;
    TupleConversionMap *conversion_ = nullptr;
    TupleTableSlot *converted_ = nullptr;
};

} // namespace analytics::pg
