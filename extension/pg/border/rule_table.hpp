/* Tables of rules (shapes, projections), of which each session keeps a copy in its own form. TableWatch says when the
 * copy is out of date. The rows are read like a catalog's: the newest committed ones, whatever snapshot the transaction
 * has. So the rules are the same for everybody, also for an old REPEATABLE READ session. PostgreSQL phases. */
#pragma once

#include "columns.hpp"

extern "C" {
#include "access/genam.h"
#include "catalog/pg_type.h"
}

#include <cstdint>
#include <optional>

namespace analytics::pg {

/** Counts changes of a table. The table's trigger, _analytics_invalidate_rules, invalidates the relation in every
 * session's cache at commit, and that is what is counted. Must be static. */
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

/** One row; the values that it returns live in the current memory context. An error names a column that is missing, has
 * another type, or holds a null where none is allowed. */
class TableRow {
public:
    TableRow(Relation table, HeapTuple scanned);

    [[nodiscard]] Datum value(const char *column, Oid type) const;

    /** A text, or a value with the same form, detoasted. */
    [[nodiscard]] Datum text(const char *column, Oid type = TEXTOID) const;

    /** Nothing for a null. */
    [[nodiscard]] std::optional<Datum> optional_value(const char *column, Oid type) const
    {
        return find({column, type, Nulls::allowed});
    }
    [[nodiscard]] std::optional<Datum> optional_text(const char *column) const;

    /** A value of a column that the release before has not. Nothing for a null, or without the column. */
    [[nodiscard]] std::optional<Datum> added_value(const char *column, Oid type) const;
    [[nodiscard]] std::optional<Datum> added_text(const char *column) const;

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
    TableScan(const ExtensionSchema &schema, const char *table);
    [[nodiscard]] HeapTuple next();
    void end();
    [[nodiscard]] Relation table() const noexcept { return table_; }

private:
    Relation table_;
    SysScanDesc scan_;
};

/** Calls visit(row) for every row of one of the extension's tables. */
template <class Visit> void each_row(const ExtensionSchema &schema, const char *table, Visit visit)
{
    TableScan scan{schema, table};
    while (const HeapTuple tuple = scan.next()) visit(TableRow{scan.table(), tuple});
    scan.end();
}

} // namespace analytics::pg
