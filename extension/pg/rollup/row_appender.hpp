/* A table of the extension to which statements append rows: bags, and the outbox. No right on it is needed: who may
 * change events also changes what is derived from them.
 *
 * PostgreSQL phases. A RowAppender lives in the memory context that is current when it is opened, and is closed on
 * success. */
#pragma once

#include "../border/columns.hpp"

extern "C" {
#include "nodes/execnodes.h"
}

#include <span>

namespace analytics::pg {

class RowAppender {
public:
    /** The columns must be static. newest: the one of them that a table of an earlier release may lack. */
    RowAppender(const ExtensionSchema &schema, const char *table, std::span<const ReadColumn> columns,
                const ReadColumn *newest = nullptr);

    /** Adds a row with a value for each of the columns that there are. The table's other columns become null. */
    void append(const Datum *values, const bool *nulls);

    void close();

protected:
    static constexpr int most_columns = 12;

    Relation table_;
    std::span<const ReadColumn> columns_;
    AttrNumber numbers_[most_columns]{}; // of the columns; InvalidAttrNumber: there is none

private:
    EState *state_;
    ResultRelInfo *target_;
    TupleTableSlot *slot_;
};

} // namespace analytics::pg
