/* A table of bags, open for appending and folding.
 *
 * Folding replaces the bags of a key by their sum. It deletes each bag that it sees and that no other transaction is
 * deleting. Who deletes a bag adds its counts to a new bag in the same transaction, so the sum of all bags never
 * changes. Folding needs no lock and never waits.
 *
 * PostgreSQL phases. */
#pragma once

#include "row_appender.hpp"

extern "C" {
#include "access/genam.h"
#include "utils/snapshot.h"
}

#include <cstdint>
#include <optional>
#include <string>

namespace analytics::pg {

class Bags;

/** The values of the columns that make a key, in the order of the index. A column is given as its position among the
 * columns that the bags were opened with. */
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

/** Whether to count a key's bags before appending one more, and to fold them if there are many. It is true at random,
 * once in some bags, because counting them costs as much as reading a few bags. number and tenant: of the key. */
bool is_time_to_fold(std::uint32_t number, const std::optional<std::string> *tenant);

/** Which bags of a key: all, or those that are stored in their row alone. */
enum class BagSizes : std::uint8_t { all, small };

class Bags : public RowAppender {
public:
    /** The index must be on the columns of a key. The columns must be static. newest: see RowAppender. */
    Bags(const ExtensionSchema &schema, const char *table, const char *index, std::span<const ReadColumn> columns,
         const ReadColumn *newest = nullptr);

    /** Whether the key has at least so many bags. */
    bool are_many(const BagKey &key, int many, BagSizes sizes = BagSizes::all);

    /** Begins to delete the bags of a key. next_taken deletes and returns one after another, then nullptr. */
    void take(const BagKey &key, BagSizes sizes = BagSizes::all);
    HeapTuple next_taken();

    /** Whether next_taken has left out a bag that another transaction is deleting. */
    [[nodiscard]] bool has_skipped() const noexcept { return has_skipped_; }

    /** Deletes and returns one bag of the key, that no other transaction is deleting; nullptr when there is none. */
    HeapTuple take_one(const BagKey &key);

    /** The value in a column of a bag that was taken. */
    [[nodiscard]] Datum value(HeapTuple bag, int column, bool *is_null) const;

private:
    friend class BagKey;

    void begin(BagKey key, BagSizes sizes); // by value: a scan changes it
    HeapTuple next();
    void end();

    Oid index_;
    Snapshot snapshot_ = nullptr;
    SysScanDesc scan_ = nullptr;
    BagSizes sizes_ = BagSizes::all;
    bool has_skipped_ = false;
};

} // namespace analytics::pg
