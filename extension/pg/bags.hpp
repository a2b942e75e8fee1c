/* A table of bags, open for appending and folding. Nobody's permission is asked: who may change events keeps what is
 * beside them.
 *
 * Folding replaces a key's bags by their sum. It takes away each bag that it sees and that nobody else is taking away:
 * whoever deletes a bag puts its counts into a sum, in one transaction, so the sum of all bags never changes. That needs
 * no lock and waits for nobody.
 *
 * PostgreSQL phases. Lives in the memory context that is current when it is opened; to be closed on success. */
#pragma once

#include "postgres.hpp"

extern "C" {
#include "access/genam.h"
#include "nodes/execnodes.h"
#include "utils/rel.h"
#include "utils/snapshot.h"
}

#include <cstdint>
#include <optional>
#include <string>

namespace analytics::pg {

/** The columns that bags to be added up have in common: by their numbers in the table, in the order of its index. */
class BagKey {
public:
    void add(AttrNumber column, RegProcedure equality, Oid collation, Datum value);
    void add_null(AttrNumber column);

private:
    friend class Bags;
    static constexpr int most = 4;

    ScanKeyData columns_[most]{};
    int count_ = 0;
};

/** Whether the bag of a key that is about to be appended should look how many its key has: one in a few does, by chance, for
 * a look costs as much as a few bags. number: what tells the key from others, beside its tenant. */
bool is_time_to_look(std::uint32_t number, const std::optional<std::string> *tenant);

class Bags {
public:
    /** The index is on the columns that a key is made of. */
    Bags(Oid table, Oid index);

    [[nodiscard]] TupleDesc description() const noexcept { return RelationGetDescr(table_); }

    void append(Datum *values, bool *nulls);

    /** Whether the key has at least so many bags. */
    bool are_many(const BagKey &key, int many);

    /** Begins to take a key's bags away; next_taken gives one after another, nullptr ends it. */
    void take(const BagKey &key) { begin(key); }
    HeapTuple next_taken();

    void close();

private:
    void begin(BagKey key); // by value: a scan changes it
    void end();

    Relation table_;
    Oid index_;
    EState *state_;
    ResultRelInfo *target_;
    TupleTableSlot *slot_;
    Snapshot snapshot_ = nullptr;
    SysScanDesc scan_ = nullptr;
};

} // namespace analytics::pg
