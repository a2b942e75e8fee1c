#include "batch.hpp"

#include "../border/owned.hpp"
#include "../border/settings.hpp"
#include "../border/subtransaction.hpp"
#include "../border/text.hpp"
#include "../border/times.hpp"
#include "bulk_insert.hpp"
#include "insert_statement.hpp"
#include "observed_findings.hpp"
#include "partitions.hpp"
#include "policies.hpp"
#include "row_errors.hpp"
#include "session_normalizer.hpp"

extern "C" {
#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "utils/uuid.h"
}

#include <algorithm>
#include <cstring>

namespace analytics::pg {
namespace {

/* Scratch memory is reset after so many records. Interrupts are checked at each record: a large one takes tens of
 * milliseconds. */
constexpr std::int32_t records_per_chunk = 64;

/* Interrupts are checked after so many comparisons, as sorting a million rows takes long. */
constexpr std::uint32_t comparisons_per_check = 1 << 14;

constexpr std::int32_t event_type_characters = 120;
constexpr std::int32_t source_characters = 120;
constexpr std::int32_t tenant_id_characters = 64;

bool comes_before(const Row &a, const Row &b) noexcept
{
    const int order = compare(a, b.occurred_at, b.id.data());
    return order != 0 ? order < 0 : a.item < b.item;
}

TimestampTz &time_in(MinimalTuple tuple) noexcept
{
    return *reinterpret_cast<TimestampTz *>(reinterpret_cast<char *>(tuple) + tuple->t_hoff - MINIMAL_TUPLE_OFFSET);
}

/* Rows in the order of the primary key, to be found by their keys. */
struct OrderedRows {
    Row *begin;
    Row *end;

    /* The first row of that key or after it. */
    [[nodiscard]] Row *find(TimestampTz occurred_at, const std::uint8_t *id) const noexcept
    {
        return std::lower_bound(begin, end, 0, [&](const Row &row, int) { return compare(row, occurred_at, id) < 0; });
    }
};

/* Enters the time that a key was given first into the tuples of the key's untimed rows. The rows themselves keep
 * asked_at, and with it their order, until all times are there. */
struct TimesReader {
    static constexpr ReadColumn columns[] = {
        {"asked_at", TIMESTAMPTZOID}, {"id", UUIDOID}, {"occurred_at", TIMESTAMPTZOID}};

    OrderedRows rows;

    bool receive(TupleTableSlot *found) const
    {
        const TimestampTz asked_at = DatumGetTimestampTz(found->tts_values[0]);
        const std::uint8_t *const id = DatumGetUUIDP(found->tts_values[1])->data;
        for (Row *row = rows.find(asked_at, id); row != rows.end && compare(*row, asked_at, id) == 0; ++row)
            if (row->untimed) time_in(row->tuple) = DatumGetTimestampTz(found->tts_values[2]);
        return true;
    }
};

} // namespace

Batch::Batch(const ExtensionSchema &schema, const Elements &records, const Origin &origin)
    : schema_(schema), records_(records), origin_(origin),
      context_(AllocSetContextCreate(CurrentMemoryContext, "analytics batch", ALLOCSET_DEFAULT_SIZES)),
      scratch_(AllocSetContextCreate(context_, "analytics batch scratch", ALLOCSET_DEFAULT_SIZES)),
      now_(GetCurrentTransactionStartTimestamp())
{
    const MemoryContext outer = MemoryContextSwitchTo(context_);
    for (int i = 0; i < records_.count; ++i)
        if (!records_.is_null(i)) bytes_ += VARSIZE_ANY(DatumGetPointer(records_.values[i]));

    rows_ = static_cast<Row *>(MemoryContextAllocHuge(context_, std::max(records_.count, 1) * sizeof(Row)));
    description_ = description_of({{"occurred_at", TIMESTAMPTZOID},
                                   {"id", UUIDOID},
                                   {"event_type", VARCHAROID, event_type_characters + VARHDRSZ},
                                   {"source", VARCHAROID, source_characters + VARHDRSZ},
                                   {"tenant_id", VARCHAROID, tenant_id_characters + VARHDRSZ},
                                   {"payload", JSONBOID}});
    refused_ = static_cast<NamedRows *>(palloc(sizeof(NamedRows)));
    *refused_ = NamedRows{"refused",
                          description_of({{"item", INT4OID},
                                          {"kept", BOOLOID},
                                          {"reason", TEXTOID},
                                          {"detail", TEXTOID},
                                          {"value", BYTEAOID},
                                          {"topic", TEXTOID},
                                          {"partition", INT4OID},
                                          {"offset", INT8OID},
                                          {"key", BYTEAOID},
                                          {"recorded_at", TIMESTAMPTZOID},
                                          {"headers", JSONBOID}}),
                          0}; // most batches have few; beyond work_mem they go to a file
    slot_ = MakeSingleTupleTableSlot(description_, &TTSOpsVirtual);
    MemoryContextSwitchTo(outer);
}

void Batch::normalize()
{
    SessionNormalizer &normalizer = session_normalizer(schema_);
    const MemoryContext outer = MemoryContextSwitchTo(scratch_);
    for (std::int32_t i = 0; i < records_.count; ++i) {
        CHECK_FOR_INTERRUPTS();
        if (i % records_per_chunk == 0) MemoryContextReset(scratch_);
        const core::Verdict *verdict = nullptr;
        if (records_.is_null(i)) {
            verdict = guarded([&] { return &normalizer.normalize_tombstone(); });
        } else {
            const std::string_view record = bytes_of(records_.values[i]);
            const core::IngestionTime ingested = ingestion_time(received_at(i + 1));
            verdict = guarded([&] { return &normalizer.normalize(record, ingested); });
        }
        if (verdict->refusal)
            refuse(verdict->refusal.reason, verdict->refusal.detail, i + 1);
        else
            accept(normalizer, *verdict, i + 1);
    }
    MemoryContextReset(scratch_);
    MemoryContextSwitchTo(outer);
    sort_rows();
}

void Batch::accept(SessionNormalizer &normalizer, const core::Verdict &verdict, std::int32_t item)
{
    const bool keyed = verdict.has_key && settings().deduplicate;
    if (verdict.violation) observe(verdict, item);
    Row &row = rows_[accepted_++];
    row.item = item;
    row.is_rekeyed = false;
    row.outcome = Outcome::duplicate;
    row.untimed = keyed && !verdict.occurred_at;
    row.occurred_at = verdict.occurred_at ? timestamptz_of(*verdict.occurred_at) : received_at(item);
    row.id = keyed ? guarded([&] { return normalizer.keyed_id(); }) : next_sequential_id();
    if (row.untimed) ++untimed_;

    ExecClearTuple(slot_);
    slot_->tts_values[0] = TimestampTzGetDatum(row.occurred_at);
    slot_->tts_values[1] = PointerGetDatum(row.id.data());
    slot_->tts_values[2] = text_of(verdict.event_type);
    slot_->tts_values[3] = text_of(verdict.source);
    slot_->tts_values[4] = verdict.tenant_id ? text_of(*verdict.tenant_id) : Datum{0};
    slot_->tts_values[5] = PointerGetDatum(guarded([&] { return normalizer.payload(); }));
    std::fill_n(slot_->tts_isnull, slot_->tts_tupleDescriptor->natts, false);
    slot_->tts_isnull[4] = !verdict.tenant_id;
    ExecStoreVirtualTuple(slot_);

    const MemoryContext outer = MemoryContextSwitchTo(context_);
    row.tuple = ExecCopySlotMinimalTuple(slot_);
    MemoryContextSwitchTo(outer);
}

void Batch::observe(const core::Verdict &verdict, std::int32_t item)
{
    if (observed_ == nullptr) observed_ = make_owned<ObservedFindings>(context_);
    guarded([&] { observed_->add(verdict, item); });
}

void Batch::count_findings()
{
    for (const Row *row = rows_; row != rows_ + accepted_; ++row)
        if (row->outcome == Outcome::stored) observed_->count(row->item);
    observed_->write(schema_, now_);
}

/* A replayed record keeps the time at which it was received first. */
TimestampTz Batch::received_at(std::int32_t item) const noexcept
{
    return origin_.received.is_null(item - 1) ? now_ : DatumGetTimestampTz(origin_.received.values[item - 1]);
}

void Batch::refuse(core::Reason reason, std::string_view detail, std::int32_t item)
{
    const bool unknown = reason == core::Reason::unknown_shape;
    const bool is_nothing = reason == core::Reason::tombstone || reason == core::Reason::dropped;
    ++(unknown || is_nothing ? counts_.skipped : counts_.dead_lettered);

    const int i = item - 1;
    const auto element = [i](const Elements &elements) { return elements.is_null(i) ? Datum{0} : elements.values[i]; };
    const bool from_kafka = origin_.topic != nullptr;
    Datum values[] = {Int32GetDatum(item),
                      BoolGetDatum(!is_nothing && (!unknown || settings().keep_skipped)),
                      text_of(core::name(reason)),
                      text_of(detail),
                      element(records_),
                      PointerGetDatum(origin_.topic),
                      Int32GetDatum(origin_.partition),
                      element(origin_.offsets),
                      element(origin_.keys),
                      element(origin_.timestamps),
                      element(origin_.headers)};
    bool nulls[] = {false,
                    false,
                    false,
                    detail.empty(),
                    records_.is_null(i),
                    !from_kafka,
                    !from_kafka,
                    origin_.offsets.is_null(i),
                    origin_.keys.is_null(i),
                    origin_.timestamps.is_null(i),
                    origin_.headers.is_null(i)};
    refused_->put(values, nulls);
}

void Batch::sort_rows()
{
    std::uint32_t comparisons = 0;
    std::sort(rows_, rows_ + accepted_, [&](const Row &a, const Row &b) {
        if (++comparisons % comparisons_per_check == 0) CHECK_FOR_INTERRUPTS(); // the rows are plain data
        return comes_before(a, b);
    });
}

void Batch::assign_times()
{
    if (untimed_ == 0) return;
    const MemoryContext outer = MemoryContextSwitchTo(context_);
    NamedRows untimed{"untimed", description_of({{"id", UUIDOID}, {"asked_at", TIMESTAMPTZOID}}),
                      untimed_ * sizeof(Row)};
    for (std::int32_t i = 0; i < accepted_; ++i) {
        CHECK_FOR_INTERRUPTS();
        if (!rows_[i].untimed) continue;
        Datum values[] = {PointerGetDatum(rows_[i].id.data()), TimestampTzGetDatum(rows_[i].occurred_at)};
        bool nulls[] = {false, false};
        untimed.put(values, nulls);
    }
    MemoryContextSwitchTo(outer);

    untimed.show();
    run_statement(schema_, "INSERT INTO %sanalytics_untimed_keys (id, occurred_at) "
                           "SELECT DISTINCT id, asked_at FROM untimed ORDER BY id, asked_at ON CONFLICT DO NOTHING");
    TimesReader reader{{rows_, rows_ + accepted_}};
    RowReceiver receiver{reader};
    run_statement(
        schema_,
        "SELECT u.asked_at, u.id, k.occurred_at FROM untimed AS u CROSS JOIN LATERAL "
        "(SELECT occurred_at FROM %sanalytics_untimed_keys WHERE id OPERATOR(pg_catalog.=) u.id OFFSET 0) AS k",
        &receiver);
    for (std::int32_t i = 0; i < accepted_; ++i)
        if (rows_[i].untimed) rows_[i].occurred_at = time_in(rows_[i].tuple);
    untimed.end();
    sort_rows();
}

void Batch::store(Rejection rejection)
{
    if (accepted_ == 0) return;
    require_partitions(schema_, rows_, rows_ + accepted_);
    rekeyed_.begin(rows_, accepted_, context_);
    const MemoryContext outer = MemoryContextSwitchTo(context_);
    if (rejection == Rejection::kept)
        insert_what_can_be(rows_, rows_ + accepted_);
    else
        insert(rows_, rows_ + accepted_);
    MemoryContextSwitchTo(outer);
    count_outcomes();
    if (observed_ != nullptr) count_findings();
}

/* The statement goes first. Concurrent batches then lock keys in the same order on either path, and seldom across
 * them. */
void Batch::insert(Row *begin, Row *end)
{
    const auto count = static_cast<std::int32_t>(end - begin);
    choose_paths(schema_, description_, begin, count);
    insert_by_statement(schema_, description_, bytes_, begin, end, rekeyed_);
    bulk_insert(schema_, description_, begin, count);
    insert_by_statement(schema_, description_, bytes_, begin, end,
                        rekeyed_); // rows that a concurrent batch kept from being stored in bulk
}

/* With k bad rows of n, some k log n pieces are tried. Without a bad row it costs one subtransaction. */
void Batch::insert_what_can_be(Row *begin, Row *end)
{
    ErrorData *const error = run_in_subtransaction([&] { insert(begin, end); });
    if (error == nullptr) return;
    if (!is_of_a_row(*error)) ReThrowError(error);
    if (is_policy_refusal(*error)) require_policy(schema_, *error);

    std::for_each(begin, end, [](Row &row) {
        row.outcome = Outcome::duplicate;
        row.is_rekeyed = false;
    });
    if (end - begin == 1) {
        reject(*begin, *error);
        FreeErrorData(error);
        return;
    }
    FreeErrorData(error);
    Row *const middle = begin + (end - begin) / 2;
    insert_what_can_be(begin, middle);
    insert_what_can_be(middle, end);
}

void Batch::reject(Row &row, const ErrorData &error)
{
    row.outcome = Outcome::rejected;
    const MemoryContext outer = MemoryContextSwitchTo(scratch_);
    refuse(core::Reason::rejected, psprintf("%s: %s", unpack_sql_state(error.sqlerrcode), error.message), row.item);
    MemoryContextSwitchTo(outer);
    MemoryContextReset(scratch_);
}

void Batch::count_outcomes()
{
    const MemoryContext outer = MemoryContextSwitchTo(scratch_);
    for (const Row *row = rows_; row != rows_ + accepted_; ++row) {
        if (row->outcome == Outcome::stored) ++counts_.stored;
        if (row->outcome == Outcome::duplicate) ++counts_.duplicates;
        if (row->outcome != Outcome::dropped) continue;
        refuse(core::Reason::dropped, "a trigger before the insertion answered null", row->item);
        MemoryContextReset(scratch_);
    }
    MemoryContextSwitchTo(outer);
}

void Batch::keep_refused()
{
    if (refused_->count() == 0) return;
    refused_->show();
    run_statement(schema_, "INSERT INTO %sanalytics_dead_letters "
                           "(reason, detail, value, topic, partition, \"offset\", key, recorded_at, headers) "
                           "SELECT reason, detail, value, topic, partition, \"offset\", key, recorded_at, headers "
                           "FROM refused WHERE kept ORDER BY item ON CONFLICT DO NOTHING");
}

void Batch::finish()
{
    refused_->end();
    MemoryContextDelete(context_);
}

} // namespace analytics::pg
