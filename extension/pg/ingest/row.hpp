/* A row of a batch: an accepted record that is to be stored in analytics_events, its outcome, and its key. */
#pragma once

#include "../../core/identity.hpp"
#include "../border/postgres.hpp"

extern "C" {
#include "access/htup.h"
}

namespace analytics::pg {

/** How a row is to be stored; none when that was tried. */
enum class InsertPath : std::uint8_t { none, bulk, statement };

/** What became of a row. A duplicate is one whose (occurred_at, id) is already stored; nothing else is one. Rows are
 * duplicates until another outcome is known. */
enum class Outcome : std::uint8_t {
    duplicate,
    stored,
    dropped, // a BEFORE trigger returned null
    rejected // a constraint, a policy or a trigger refused it
};

struct Row {
    TimestampTz occurred_at;
    core::Uuid id;
    std::int32_t item; // number of its record, from 1
    bool untimed;      // has a key, but no time of its own
    bool is_rekeyed;   // stored under another key, which RekeyedRows has
    Outcome outcome;
    InsertPath path;
    MinimalTuple tuple; // (occurred_at, id, event_type, source, tenant_id, payload)
};

/** The order of the primary key: less than zero when the row comes before the key. id: 16 bytes. */
int compare(const Row &row, TimestampTz occurred_at, const std::uint8_t *id) noexcept;

struct Key {
    TimestampTz occurred_at;
    core::Uuid id;
};

/** Keys of rows that were stored under another key than their own, because a BEFORE trigger changed it. */
class RekeyedRows {
public:
    /** The rows must not move. Memory is allocated in the context when the first key is put. */
    void begin(const Row *rows, std::int32_t count, MemoryContext context) noexcept
    {
        rows_ = rows;
        count_ = count;
        context_ = context;
    }

    void put(Row &row, const Key &key);

    /** The key under which the row is stored. */
    [[nodiscard]] Key key_of(const Row &row) const noexcept
    {
        return row.is_rekeyed ? keys_[&row - rows_] : Key{row.occurred_at, row.id};
    }

private:
    const Row *rows_ = nullptr;
    std::int32_t count_ = 0;
    MemoryContext context_ = nullptr;
    Key *keys_ = nullptr; // by row
};

} // namespace analytics::pg
