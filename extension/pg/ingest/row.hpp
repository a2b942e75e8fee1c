/* A row of a batch: an accepted record on its way into analytics_events, what became of it, and under which key. */
#pragma once

#include "../../core/identity.hpp"
#include "../border/postgres.hpp"

extern "C" {
#include "access/htup.h"
}

namespace analytics::pg {

/** How a row is to be stored; when that was tried, no way is left. */
enum class Way : std::uint8_t { none, bulk, statement };

/** What became of a row. A duplicate is one whose (occurred_at, id) is there already, and nothing else; so is every row
 * of which nothing else was found. */
enum class Outcome : std::uint8_t {
    duplicate,
    stored,
    dropped, // a BEFORE trigger would not have it, and raised nothing
    rejected // a constraint, a policy or a trigger refused it
};

struct Row {
    TimestampTz occurred_at;
    core::Uuid id;
    std::int32_t item; // which record it was, from 1
    bool untimed;      // has a key, but no time of its own
    bool is_rekeyed;   // stored under another key: RekeyedRows knows it
    Outcome outcome;
    Way way;
    MinimalTuple tuple; // (occurred_at, id, event_type, source, tenant_id, payload)
};

/** The order of the primary key: less than zero when the row comes before the key. id: 16 bytes. */
int compare(const Row &row, TimestampTz occurred_at, const std::uint8_t *id) noexcept;

struct Key {
    TimestampTz occurred_at;
    core::Uuid id;
};

/** Keys under which rows were stored by the will of BEFORE triggers, where these are not the rows' own. */
class RekeyedRows {
public:
    /** count rows, which stay where they are. Memory is taken from context when there is a key to be kept. */
    void begin(const Row *rows, std::int32_t count, MemoryContext context) noexcept
    {
        rows_ = rows;
        count_ = count;
        context_ = context;
    }

    void put(Row &row, const Key &key);

    /** Under which the row is stored. */
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
