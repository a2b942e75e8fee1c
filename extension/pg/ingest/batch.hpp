/* A batch of records on its way into the tables. Every function that stores events uses it.
 *
 *   normalize      makes a row of each record, with its payload in jsonb's form, or a refusal
 *   assign_times   gives a row with a key but without a time the time that the key was given first
 *   store          stores the rows in the order of the primary key: new ones in bulk, as COPY would, where that is
 *                  allowed; the others by INSERT … ON CONFLICT (occurred_at, id) DO NOTHING, and finds out each row's
 *                  outcome. When storing fails because of one row, the batch is halved until that row is alone. And
 *                  counts what contracts observe in the rows that are new
 *   keep_refused   stores the refusals in analytics_dead_letters
 *
 * PostgreSQL phases, but for the C++ phases inside normalize. Everything lives in the batch's memory context. SPI must
 * be connected after normalize and not before: the other steps run statements, and with them triggers of the
 * operator. */
#pragma once

#include "../../core/normalize.hpp"
#include "../border/arguments.hpp"
#include "../border/statement.hpp"
#include "row.hpp"

namespace analytics::pg {

class ObservedFindings;
class SessionNormalizer;

/** Where the records are from: a partition of Kafka, or elsewhere (topic null). received: when each was received first,
 * if that was not now. */
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

/** What to do when the table refuses a row, by a constraint or a trigger that raises: raise that error, or keep the row
 * as a refusal and store the other rows. */
enum class Rejection : std::uint8_t { raised, kept };

class Batch {
public:
    Batch(const ExtensionSchema &schema, const Elements &records, const Origin &origin);

    void normalize();
    void assign_times();
    void store(Rejection rejection);
    void keep_refused();

    [[nodiscard]] const Counts &counts() const noexcept { return counts_; }
    [[nodiscard]] const Row *rows() const noexcept { return rows_; }
    [[nodiscard]] std::int32_t accepted() const noexcept { return accepted_; }
    [[nodiscard]] Key key_of(const Row &row) const noexcept { return rekeyed_.key_of(row); }

    /** (item, kept, reason, detail, value, topic, partition, offset, key, recorded_at, headers) */
    [[nodiscard]] const NamedRows &refused() const noexcept { return *refused_; }

    [[nodiscard]] const ExtensionSchema &schema() const noexcept { return schema_; }

    /** Frees everything that the batch points to. */
    void finish();

private:
    void accept(SessionNormalizer &normalizer, const core::Verdict &verdict, std::int32_t item);
    void refuse(core::Reason reason, std::string_view detail, std::int32_t item);
    [[nodiscard]] TimestampTz received_at(std::int32_t item) const noexcept;
    void insert(Row *begin, Row *end);
    void insert_what_can_be(Row *begin, Row *end);
    void reject(Row &row, const ErrorData &error);
    void count_outcomes();
    void count_findings();
    void observe(const core::Verdict &verdict, std::int32_t item);
    void sort_rows();

    ExtensionSchema schema_;
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
    ObservedFindings *observed_ = nullptr; // null: there are none
    TupleDesc description_;                // of the rows' tuples
    TupleTableSlot *slot_ = nullptr;
    Counts counts_;
};

} // namespace analytics::pg
