/* Plain SQL over rows that are only in memory: a named set of rows (PostgreSQL's "ephemeral named relation", the
 * mechanism behind a trigger's transition tables), and statements that read it. Needs SPI to be connected. */
#pragma once

#include "row_receiver.hpp"

extern "C" {
#include "executor/spi.h"
#include "utils/queryenvironment.h"
#include "utils/tuplestore.h"
}

#include <cstddef>
#include <cstdint>
#include <initializer_list>

namespace analytics::pg {

struct Column {
    const char *name = nullptr;
    Oid type = InvalidOid;
    int32 modifier = -1;
};

TupleDesc description_of(std::initializer_list<Column> columns);

/** Rows under a name. Lives in the memory context that is current when it is made; on success its maker calls end(),
 * for rows may have gone to a file, on error the transaction's resource owner does the same. */
class NamedRows {
public:
    /** expected_bytes: what will be put in. Room for several times that is given, since every row is a chunk of memory
     * of its own, rounded up to a power of two; beyond it rows go to a file. */
    NamedRows(const char *name, TupleDesc description, std::size_t expected_bytes);

    [[nodiscard]] TupleDesc description() const noexcept { return description_; }
    [[nodiscard]] std::int64_t count() const noexcept { return count_; }

    void put(Datum *values, bool *nulls);
    void put(TupleTableSlot *slot);

    void end() { tuplestore_end(store_); }

    /** As an executor knows them. Lives in the current memory context. */
    [[nodiscard]] EphemeralNamedRelation relation() const;

    /** Lets the statements of the current SPI connection see the rows. */
    void show() const;

private:
    const char *name_;
    TupleDesc description_;
    Tuplestorestate *store_;
    std::int64_t count_ = 0;
};

/** A statement's text, where %s stands for the extension's schema prefix; lives in the current memory context. */
char *statement_text(const Home &home, const char *text);

/** Of a statement: $1 and so on. */
struct Parameter {
    Oid type = InvalidOid;
    Datum value = 0;
    bool is_null = false;
};

/** Runs one statement, written with %s for the extension's schema prefix; nobody gets its rows where there is no receiver.
 * Everything that it names is qualified, types and operators too: the caller's search_path may begin with a schema of his
 * own. Returns the number of rows that it processed. */
std::uint64_t run_statement(const Home &home, const char *text, std::initializer_list<Parameter> parameters,
                            RowReceiver *receiver = nullptr);

inline std::uint64_t run_statement(const Home &home, const char *text, RowReceiver *receiver = nullptr)
{
    return run_statement(home, text, {}, receiver);
}

} // namespace analytics::pg
