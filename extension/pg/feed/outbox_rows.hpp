/* Rows of the outbox, as statements append them: of events that have changed, or of a projection's rows.
 *
 * PostgreSQL phases. OutboxRows is closed on success; until then the current memory context is one that ends with each
 * row. */
#pragma once

#include "../border/saved_statement.hpp"
#include "../rollup/row_appender.hpp"

#include <cstddef>
#include <optional>
#include <string>

namespace analytics::pg {

/** What a row says of a change. put: stored or changed. deleted: gone. left: has another tenant or type now, and is put
 * under these. dropped: a partition is. */
enum class Noted : char { put = 'p', deleted = 'd', left = 'l', dropped = 'x' };

/** Changes in a row. So many keys are 27 KB, and a reader unpacks a whole row for each page that begins in it. */
inline constexpr std::size_t most_changes = 1000;

struct OutboxRow {
    const std::optional<std::string> &tenant;
    TimestampTz first_time = 0;
    TimestampTz last_time = 0;
    std::size_t changes = 0;
    Datum event_types = 0;
    Datum ids = 0;
    Datum times = 0;
    Datum operations = 0;
    Datum type_numbers = 0;
    NullableDatum source = null_datum; // of events: null
    NullableDatum keys = null_datum;   // the same
};

class OutboxRows {
public:
    explicit OutboxRows(const ExtensionSchema &schema);

    /** Gives the row the next number. */
    void append(const OutboxRow &row);

    void close();

private:
    MemoryContext context_;
    MemoryContext outer_;
    RowAppender rows_;
    Oid sequence_;
};

} // namespace analytics::pg
