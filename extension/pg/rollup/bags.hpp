/* A table of bags, open for appending and folding. Nobody's permission is asked: who may change events keeps what is
 * beside them.
 *
 * Folding replaces a key's bags by their sum. It takes away each bag that it sees and that nobody else is taking away:
 * whoever deletes a bag puts its counts into a sum, in one transaction, so the sum of all bags never changes. That needs
 * no lock and waits for nobody.
 *
 * PostgreSQL phases. Lives in the memory context that is current when it is opened; to be closed on success. */
#pragma once

#include "../border/columns.hpp"

extern "C" {
#include "access/genam.h"
#include "nodes/execnodes.h"
#include "utils/snapshot.h"
}

#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace analytics::pg {

class Bags;

/** The columns that bags to be added up have in common: by their places among the columns that the bags were opened with, in
 * the order of the index. */
class BagKey {
public:
    explicit BagKey(const Bags &bags) : bags_(bags) {}
    void add(int column, RegProcedure equality, Datum value);
    void add_null(int column);

private:
    friend class Bags;
    static constexpr int most = 4;

    const Bags &bags_;
    ScanKeyData columns_[most]{};
    int count_ = 0;
};

/** Whether the bag of a key that is about to be appended should look how many its key has: one in a few does, by chance, for
 * a look costs as much as a few bags. number: what tells the key from others, beside its tenant. */
bool is_time_to_look(std::uint32_t number, const std::optional<std::string> *tenant);

class Bags {
public:
    /** The index is on the columns that a key is made of. The columns are static. */
    Bags(const Home &home, const char *table, const char *index, std::span<const ReadColumn> columns);

    /** A bag of these values, one for each of the columns; the table's other columns become null. */
    void append(const Datum *values, const bool *nulls);

    /** Whether the key has at least so many bags. */
    bool are_many(const BagKey &key, int many);

    /** Begins to take a key's bags away; next_taken gives one after another, nullptr ends it. */
    void take(const BagKey &key) { begin(key); }
    HeapTuple next_taken();

    /** Takes one of a key's bags away, any that nobody else is taking; nullptr: there is none. */
    HeapTuple take_one(const BagKey &key);

    /** Of a bag that was taken, the value in one of the columns. */
    [[nodiscard]] Datum value(HeapTuple bag, int column, bool *is_null) const;

    void close();

private:
    friend class BagKey;
    static constexpr int most_columns = 4;

    void begin(BagKey key); // by value: a scan changes it
    void end();

    Relation table_;
    Oid index_;
    std::span<const ReadColumn> columns_;
    AttrNumber numbers_[most_columns]{}; // of the columns
    EState *state_;
    ResultRelInfo *target_;
    TupleTableSlot *slot_;
    Snapshot snapshot_ = nullptr;
    SysScanDesc scan_ = nullptr;
};

} // namespace analytics::pg
