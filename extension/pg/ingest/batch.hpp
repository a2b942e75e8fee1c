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

#include "../../core/normalize.hpp"
#include "../border/arguments.hpp"
#include "../border/statement.hpp"
#include "row.hpp"

namespace analytics::pg {

class Decider;

/** Where the records came from: nothing (topic null), or one partition of Kafka. received: when they came first, where
 * that was not now. */
struct Origin {
    text *topic = nullptr;
    std::int32_t partition = 0;
    Elements offsets, keys, timestamps, headers, received; // empty, or as long as the records
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
