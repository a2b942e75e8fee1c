/* Tables of rules (shapes, projections) that each session keeps in a form of its own: the news of a change, and the rows
 * as they are now. They are read as catalogs are, newest committed rows whatever the transaction's snapshot, for rules
 * that hold for everybody else hold for an old REPEATABLE READ session, too. PostgreSQL phases. */
#pragma once

#include "columns.hpp"

extern "C" {
#include "access/genam.h"
#include "catalog/pg_type.h"
}

#include <cstdint>
#include <optional>

namespace analytics::pg {

/** The news: a trigger on the table, _analytics_invalidate_rules, sends it at commit as an invalidation of the table's relation. Static. */
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

/** One row; what it answers lives in the current memory context. A column that is not there, is of another type or null
 * where that is not asked for, is an error that names it. */
class TableRow {
public:
    TableRow(Relation table, HeapTuple scanned);

    [[nodiscard]] Datum value(const char *column, Oid type) const;

    /** A text, or what is read like one, detoasted. */
    [[nodiscard]] Datum text(const char *column, Oid type = TEXTOID) const;

    /** Nothing of a null. */
    [[nodiscard]] std::optional<Datum> optional_text(const char *column) const;

    /** An array of texts, without a null among them. */
    [[nodiscard]] Texts texts(const char *column) const;
    [[nodiscard]] std::optional<Texts> optional_texts(const char *column) const;

private:
    [[nodiscard]] std::optional<Datum> find(const ReadColumn &column) const;

    Relation table_;
    HeapTuple tuple_;
};

class TableScan {
public:
    TableScan(const Home &home, const char *table);
    [[nodiscard]] HeapTuple next();
    void end();
    [[nodiscard]] Relation table() const noexcept { return table_; }

private:
    Relation table_;
    SysScanDesc scan_;
};

/** Calls visit(row) for every row of one of the extension's tables. */
template <class Visit> void each_row(const Home &home, const char *table, Visit visit)
{
    TableScan scan{home, table};
    while (const HeapTuple tuple = scan.next()) visit(TableRow{scan.table(), tuple});
    scan.end();
}

} // namespace analytics::pg
