/* A batch: the one path from records to rows. Every function that stores events is a door to it.
 *
 *   decide          each record → a row, with its payload already in jsonb's form, or a refusal
 *   settle_times    a keyed row without a time of its own gets the time that its key was given first
 *   store           rows in the order of the primary key: new ones in bulk, as COPY would, where nothing stands in the way;
 *                   the others by INSERT … ON CONFLICT (occurred_at, id) DO NOTHING, which says of each what became of
 *                   it. Where storing fails for one row's sake, the batch is halved until that row stands alone
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
    [[nodiscard]] Key key_of(const Row &row) const noexcept { return rekeyed_.key_of(row); }

    /** (item, kept, reason, detail, value, topic, partition, offset, key, recorded_at, headers) */
    [[nodiscard]] const NamedRows &refused() const noexcept { return *refused_; }

    [[nodiscard]] const Home &home() const noexcept { return home_; }

    /** Ends the batch: everything it points to is gone. */
    void finish();

private:
    void accept(Decider &decider, const core::Verdict &verdict, std::int32_t item);
    void refuse(core::Reason reason, std::string_view detail, std::int32_t item);
    [[nodiscard]] TimestampTz received_at(std::int32_t item) const noexcept;
    void insert(Row *begin, Row *end);
    void insert_what_can_be(Row *begin, Row *end);
    void reject(Row &row, const ErrorData &error);
    void count_outcomes();
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
    RekeyedRows rekeyed_;
    NamedRows *refused_ = nullptr;
    TupleDesc description_; // of the rows' tuples
    TupleTableSlot *slot_ = nullptr;
    Counts counts_;
};

} // namespace analytics::pg
