/* Where rows are stored in bulk: analytics_events, and one of its partitions at a time. Here it is decided what must be
 * left to the INSERT statement: see allows() and is_plain(). PostgreSQL phases. */
#pragma once

#include "../border/extension_schema.hpp"
#include "../border/partition_range.hpp"
#include "../rollup/maintainer.hpp"

extern "C" {
#include "executor/tuptable.h"
#include "nodes/execnodes.h"
#include "utils/rel.h"
}

namespace analytics::pg {

/** So many rows are formed, then stored together: enough to fill pages, few enough to stay in the processor's cache. */
inline constexpr int rows_per_round = 128;

struct KeyLookup;

/** Where a partition's column gets its value from: a column of the batch, or else the default, or else null. */
struct ColumnSource {
    int batch_column;
    ExprState *otherwise;
};

/** One partition at a time is open. */
struct OpenPartition {
    PartitionRange range{};
    Relation relation = nullptr;     // nullptr: none is open
    ColumnSource *sources = nullptr; // by the partition's columns
    ResultRelInfo *info = nullptr;
    KeyLookup *lookup = nullptr;        // while choosing
    Maintainers *maintainers = nullptr; // while storing: to be called in place of the rows' triggers
};

/** analytics_events and its partition that is open, with what rows are formed by. */
struct Bulk {
    Relation events = nullptr;
    EState *estate = nullptr;
    TupleDesc description = nullptr; // of the rows' tuples
    ColumnSource *sources = nullptr; // by the columns of events
    TupleTableSlot *source = nullptr;
    OpenPartition open;

    // storing
    ResultRelInfo *root = nullptr;
    TupleTableSlot *slots[rows_per_round]{};
    int made_slots = 0;
    int used_slots = 0;
};

/** Opens analytics_events; nullptr when the statement must store all rows. description: of the rows' tuples. */
Bulk *begin_bulk(const ExtensionSchema &schema, TupleDesc description);
void end_bulk(Bulk &bulk);

/** Leaves the partition that is open, and opens that of the instant; none when the statement must store its rows. */
void enter_partition(Bulk &bulk, TimestampTz instant);
void leave_partition(Bulk &bulk);

/** The number of the partition's column that takes the batch's column. */
AttrNumber column_for(const OpenPartition &open, int batch_column);

} // namespace analytics::pg
