/* The rows that a set-returning function returns. PostgreSQL phases. */
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

class ResultSet {
public:
    /** flags: as InitMaterializedSRF takes them. */
    explicit ResultSet(FunctionCallInfo fcinfo, bits32 flags = 0);

    [[nodiscard]] TupleDesc type() const noexcept { return result_->setDesc; }
    void put(Datum *values, bool *nulls) { tuplestore_putvalues(result_->setResult, result_->setDesc, values, nulls); }
    void put(TupleTableSlot *row) { tuplestore_puttupleslot(result_->setResult, row); }

private:
    ReturnSetInfo *result_ = nullptr;
};

/** A reader (row_receiver.hpp) that returns a statement's rows. Their columns must have the result's types, in order,
 * or else SQLSTATE 42804 is raised. A dropped column of the result's type is null. */
class ResultSetReader {
public:
    explicit ResultSetReader(ResultSet &result) : result_(result) {}

    void begin(TupleDesc rows);
    bool receive(TupleTableSlot *row);
    [[nodiscard]] std::int64_t rows() const noexcept { return rows_; }

private:
    ResultSet &result_;
    std::int64_t rows_ = 0;
    TupleConversionMap *conversion_ = nullptr;
    TupleTableSlot *converted_ = nullptr;
};

} // namespace analytics::pg
