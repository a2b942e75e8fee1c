/* Statements that run once, and sets of rows in memory that they can name as a table. Such a set is PostgreSQL's
 * "ephemeral named relation", as a trigger's transition tables are. SPI must be connected. */
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

/** Rows in memory under a name. It lives in the memory context that is current when it is made. Rows may go to a file:
 * on success the caller must call end(); on error the transaction's resource owner closes the file. */
class NamedRows {
public:
    /** expected_bytes: of all rows. It takes several times as much memory, because each row is an allocation that is
     * rounded up to a power of two. Rows beyond that go to a file. */
    NamedRows(const char *name, TupleDesc description, std::size_t expected_bytes);

    [[nodiscard]] std::int64_t count() const noexcept { return count_; }

    void put(Datum *values, bool *nulls);
    void put(TupleTableSlot *slot);

    void end() { tuplestore_end(store_); }

    /** The rows as the executor knows them; lives in the current memory context. */
    [[nodiscard]] EphemeralNamedRelation relation() const;

    /** Lets the statements of the current SPI connection see the rows. */
    void show() const;

private:
    const char *name_;
    TupleDesc description_;
    Tuplestorestate *store_;
    std::int64_t count_ = 0;
};

/** The statement's text with the schema's name and a dot for each %s; lives in the current memory context. */
char *statement_text(const ExtensionSchema &schema, const char *text);

/** A statement's $1 and so on. */
struct Parameter {
    Oid type = InvalidOid;
    Datum value = 0;
    bool is_null = false;
};

/** Runs a command as it is written. */
void run_command(const char *text);

/** Runs a statement, in whose text %s stands for the extension's schema and a dot. Its rows go to the receiver, if
 * there is one. The text must qualify every name, also of types and operators: the caller's search_path may begin with
 * any schema. Returns the number of rows that it processed. */
std::uint64_t run_statement(const ExtensionSchema &schema, const char *text,
                            std::initializer_list<Parameter> parameters, RowReceiver *receiver = nullptr);

inline std::uint64_t run_statement(const ExtensionSchema &schema, const char *text, RowReceiver *receiver = nullptr)
{
    return run_statement(schema, text, {}, receiver);
}

} // namespace analytics::pg
