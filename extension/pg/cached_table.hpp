/* Tables of rules (shapes, projections) that each session keeps in a form of its own: the news of a change, and the rows
 * as they are now. They are read as catalogs are, newest committed rows whatever the transaction's snapshot, for rules
 * that hold for everybody else hold for an old REPEATABLE READ session, too. PostgreSQL phases. */
#pragma once

#include "postgres.hpp"

extern "C" {
#include "access/genam.h"
}

#include <cstdint>

namespace analytics::pg {

/** The news: a trigger on the table, analytics_rules_changed, sends it at commit as an invalidation of the table's relation. Static. */
class TableWatch {
public:
    /** Grows whenever a change of the table reaches this session. */
    std::uint64_t generation(Oid table);

private:
    static void on_relation_change(Datum self, Oid relation);

    Oid table_ = InvalidOid;
    std::uint64_t generation_ = 1;
    bool registered_ = false;
};

struct Texts {
    Datum *items;
    int count;
};

/** One row; what it answers lives in the current memory context. */
class TableRow {
public:
    TableRow(Relation table, HeapTuple scanned);

    [[nodiscard]] Datum value(const char *column, bool *is_null) const;
    [[nodiscard]] Datum value(const char *column) const;

    /** A text, detoasted; of a null, is_null and nothing. */
    [[nodiscard]] Datum text(const char *column, bool *is_null) const;
    [[nodiscard]] Datum text(const char *column) const;

    /** An array of texts; of a null, nothing. */
    [[nodiscard]] Texts texts(const char *column) const;

private:
    Relation table_;
    HeapTuple tuple_;
};

class TableScan {
public:
    explicit TableScan(Oid table);
    [[nodiscard]] HeapTuple next();
    void end();
    [[nodiscard]] Relation table() const noexcept { return table_; }

private:
    Relation table_;
    SysScanDesc scan_;
};

/** Calls visit(row) for every row. */
template <class Visit> void each_row(Oid table, Visit visit)
{
    TableScan scan{table};
    while (const HeapTuple tuple = scan.next()) visit(TableRow{scan.table(), tuple});
    scan.end();
}

} // namespace analytics::pg
