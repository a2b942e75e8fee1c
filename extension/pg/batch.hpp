/* A batch: the one path from records to rows. Every function that stores events is a door to it.
 *
 *   decide          each record → a row, with its payload already in jsonb's form, or a refusal
 *   settle_times    a keyed row without a time of its own gets the time that its key was given first
 *   store           rows in the order of the primary key: new ones in bulk, as COPY would, where nothing stands in the way;
 *                   the others by INSERT … ON CONFLICT DO NOTHING. What is not inserted is a duplicate. Where storing fails
 *                   for one row's sake, the batch is halved until that row stands alone
 *   keep_refused    refusals → analytics_dead_letters
 *
 * PostgreSQL phases throughout (the C++ ones are inside decide). Everything lives in one memory context, which dies
 * with the batch. SPI must be connected after decide: from then on statements run, and with them anything that users
 * have hung on the tables. */
#pragma once

#include "statement.hpp"

#include "core/identity.hpp"
#include "core/normalize.hpp"

namespace analytics::pg {

class Decider;

/** An array argument, taken apart. Elements are null where is_null says so. */
struct Elements {
    Datum *values = nullptr;
    bool *nulls = nullptr;
    int count = 0;

    [[nodiscard]] bool is_null(int index) const noexcept { return values == nullptr || nulls[index]; }
};

/** Where the records came from: nothing (topic null), or one partition of Kafka. received: when they came first, where
 * that was not now. */
struct Origin {
    text *topic = nullptr;
    std::int32_t partition = 0;
    Elements offsets, keys, timestamps, headers, received; // empty, or as long as the records
};

/** How a row is to be stored; when that was tried, no way is left. */
enum class Way : std::uint8_t { none, bulk, statement };

struct Row {
    TimestampTz occurred_at;
    core::Uuid id;
    std::int32_t item; // which record it was, from 1
    bool untimed;      // has a key, but no time of its own
    bool stored;
    bool rejected; // the table would not have it
    Way way;
    MinimalTuple tuple; // (occurred_at, id, event_type, source, tenant_id, payload)
};

/** The order of the primary key: less than zero when the row comes before the key. id: 16 bytes. */
int compare(const Row &row, TimestampTz occurred_at, const std::uint8_t *id) noexcept;

struct Counts {
    std::int64_t stored = 0;
    std::int64_t duplicates = 0;
    std::int64_t dead_lettered = 0;
    std::int64_t skipped = 0;
};

/** What becomes of a row that the table refuses (a constraint, a trigger that raises): the error is the caller's, or the
 * row is a refusal like any other and costs no neighbour. */
enum class Rejection : std::uint8_t { raised, kept };

class Batch {
public:
    Batch(const Home &home, const Elements &records, const Origin &origin);

    void decide();
    void settle_times();
    void store(Rejection rejection);
    void keep_refused();

    [[nodiscard]] const Counts &counts() const noexcept { return counts_; }
    [[nodiscard]] const Row *rows() const noexcept { return rows_; }
    [[nodiscard]] std::int32_t accepted() const noexcept { return accepted_; }

    /** (item, kept, reason, detail, value, topic, partition, offset, key, recorded_at, headers) */
    [[nodiscard]] const NamedRows &refused() const noexcept { return *refused_; }

    [[nodiscard]] const Home &home() const noexcept { return home_; }

    /** Ends the batch: everything it points to is gone. */
    void finish();

private:
    void accept(Decider &decider, const core::Verdict &verdict, std::int32_t item);
    void refuse(core::Reason reason, std::string_view detail, std::int32_t item);
    [[nodiscard]] TimestampTz received_at(std::int32_t item) const noexcept;
    std::int64_t insert(Row *begin, Row *end, MemoryContext memory);
    std::int64_t insert_by_statement(Row *begin, Row *end, MemoryContext memory);
    void insert_what_can_be(Row *begin, Row *end);
    void reject(Row &row, const ErrorData &error);
    void sort_rows();
    void require_partitions();

    Home home_;
    Elements records_;
    Origin origin_;
    MemoryContext context_;
    MemoryContext scratch_; // reset every few records
    std::size_t bytes_ = 0; // of all records
    TimestampTz now_;
    Row *rows_ = nullptr;
    std::int32_t accepted_ = 0;
    std::int32_t untimed_ = 0;
    std::int32_t rejected_ = 0;
    NamedRows *refused_ = nullptr;
    TupleDesc description_; // of the rows' tuples
    TupleTableSlot *slot_ = nullptr;
    Counts counts_;
};

} // namespace analytics::pg
