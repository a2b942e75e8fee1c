/* A session's copy of a table of rules, in its own form, and how the rows become that form: read_row gathers them as
 * plain data, because it may leave by an error of PostgreSQL's, and build makes C++ objects of them. PostgreSQL
 * phases. */
#pragma once

#include "owned.hpp"
#include "rule_table.hpp"

#include <cstdint>
#include <memory>

namespace analytics::pg {

/** read_row(row, next) makes a list of the table's rows, the last one first, in memory of this call. build(list) is a
 * C++ phase. */
template <class Row, class Build> void read_rules(const ExtensionSchema &schema, const char *table,
                                                  Row *(*read_row)(const TableRow &, Row *), Build build)
{
    const MemoryContext scratch =
        AllocSetContextCreate(CurrentMemoryContext, "analytics rules scan", ALLOCSET_SMALL_SIZES);
    const MemoryContext outer = MemoryContextSwitchTo(scratch);
    Row *rows = nullptr;
    each_row(schema, table, [&](const TableRow &row) { rows = read_row(row, rows); });
    guarded([&] { build(static_cast<const Row *>(rows)); });
    MemoryContextSwitchTo(outer);
    MemoryContextDelete(scratch);
}

/** Lives as long as the session; a statement keeps the copy that it began with. Must be static. */
template <class Copy> class SessionCopy {
public:
    struct Kept {
        std::shared_ptr<const Copy> copy = std::make_shared<const Copy>();
        std::uint64_t generation = 0; // another copy has another one
    };

    /** The copy of now: what build makes of the table's rows, or an empty one if the relation is InvalidOid. */
    template <class Row, class Build> const Kept &of_now(const ExtensionSchema &schema, const char *table, Oid relation,
                                                         Row *(*read_row)(const TableRow &, Row *), Build build)
    {
        const std::uint64_t generation = watch_.generation(relation);
        if (kept_ == nullptr)
            kept_ =
                make_owned<Kept>(AllocSetContextCreate(CacheMemoryContext, "analytics rules", ALLOCSET_SMALL_SIZES));
        if (kept_->generation == generation) return *kept_;
        if (OidIsValid(relation))
            read_rules(schema, table, read_row,
                       [&](const Row *rows) { kept_->copy = std::make_shared<const Copy>(build(rows)); });
        else
            guarded([&] { kept_->copy = std::make_shared<const Copy>(); });
        kept_->generation = generation;
        return *kept_;
    }

private:
    TableWatch watch_;
    Kept *kept_ = nullptr;
};

} // namespace analytics::pg
