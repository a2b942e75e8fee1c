#include "outbox_page.hpp"

#include "../border/saved_statement.hpp"
#include "../border/text.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/datum.h"
}

#include <algorithm>

namespace analytics::pg {
namespace {

constexpr std::int64_t most_rows = 10'000; // of which the feed may want none

SavedStatement rows_after{
    "SELECT o.tick, o.number, o.tenant_id, o.first_time, o.last_time, o.changes, o.event_types, o.ids, o.times, "
    "o.operations, o.type_numbers, "
    "o.source IS NULL AND (o.event_types OPERATOR(pg_catalog.=) '{}' "
    "OR ($6 IS NULL OR o.tenant_id OPERATOR(pg_catalog.=) $6) "
    "AND ($5 IS NULL OR o.event_types OPERATOR(pg_catalog.&&) $5)) AS is_wanted "
    "FROM %sanalytics_outbox AS o WHERE (o.tick, o.number) OPERATOR(pg_catalog.>=) ($2, $3) "
    "AND o.tick OPERATOR(pg_catalog.<=) $4 ORDER BY o.tick, o.number LIMIT $1",
    SavedStatement::Planned::each_time,
    {INT8OID, INT8OID, INT8OID, INT8OID, TEXTARRAYOID, TEXTOID}};

[[noreturn]] void refuse_row()
{
    ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED), errmsg("a row of analytics_outbox is damaged"),
                    errdetail("Its arrays must have an element for each change.")));
}

/* The elements of an array, which must be at least so many and not null. */
template <class Item> std::span<const Item> items_of(Datum array, std::size_t at_least)
{
    ArrayType *const items = DatumGetArrayTypeP(array);
    const auto count = static_cast<std::size_t>(ArrayGetNItems(ARR_NDIM(items), ARR_DIMS(items)));
    if (ARR_HASNULL(items) || count < at_least) refuse_row();
    return {reinterpret_cast<const Item *>(ARR_DATA_PTR(items)), count};
}

struct TextItems {
    Datum *items = nullptr;
    int count = 0;
};

TextItems texts_of(Datum array)
{
    TextItems texts;
    deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT, &texts.items, nullptr, &texts.count);
    return texts;
}

/* Receives the rows of the outbox, and unpacks what the feed wants of them. */
class PageReader {
public:
    static constexpr ReadColumn columns[] = {
        {"tick", INT8OID},
        {"number", INT8OID},
        {"tenant_id", TEXTOID, Nulls::allowed},
        {"first_time", TIMESTAMPTZOID},
        {"last_time", TIMESTAMPTZOID},
        {"changes", INT4OID},
        {"event_types", TEXTARRAYOID},
        {"ids", UUIDARRAYOID},
        {"times", TIMESTAMPTZARRAYOID},
        {"operations", CHARARRAYOID},
        {"type_numbers", INT2ARRAYOID},
        {"is_wanted", BOOLOID, Nulls::allowed},
    };

    PageReader(const FeedStart &start, std::int32_t max_changes)
        : start_(start), most_(static_cast<std::size_t>(max_changes)),
          most_unpacked_(std::int64_t{max_changes} + start.index), context_(CurrentMemoryContext),
          changes_(static_cast<Change *>(palloc(most_ * sizeof(Change)))), end_(start.last_tick)
    {
        if (!start.event_types.isnull) wanted_ = texts_of(start.event_types.value);
    }

    bool receive(TupleTableSlot *row);

    [[nodiscard]] OutboxPage page() const { return {{changes_, count_}, end_}; }

private:
    enum Column : int {
        tick,
        number,
        tenant,
        first_time,
        last_time,
        count,
        event_types,
        ids,
        times,
        operations,
        type_numbers,
        is_wanted
    };

    void unpack(TupleTableSlot *row);
    [[nodiscard]] TextItems types_of(Datum array) const;
    [[nodiscard]] NullableDatum tenant_of(TupleTableSlot *row) const;

    const FeedStart &start_;
    std::size_t most_;
    std::int64_t most_unpacked_; // changes; of the first row, some are before the start
    MemoryContext context_;
    TextItems wanted_; // without any: all types
    Change *changes_;
    std::size_t count_ = 0;
    std::int64_t rows_ = 0;
    std::int64_t unpacked_ = 0;
    FeedPosition last_unpacked_{0};
    FeedPosition end_;
};

bool PageReader::receive(TupleTableSlot *row)
{
    CHECK_FOR_INTERRUPTS();
    const Datum *const values = row->tts_values;
    const FeedPosition end_of_row{DatumGetInt64(values[tick]), DatumGetInt64(values[number]),
                                  DatumGetInt32(values[count])};
    if (++rows_ == most_rows) end_ = end_of_row;
    if (row->tts_isnull[is_wanted] || !DatumGetBool(values[is_wanted])) return true;
    if (unpacked_ >= most_unpacked_) {
        end_ = last_unpacked_;
        return false;
    }
    unpack(row);
    unpacked_ += DatumGetInt32(values[count]);
    last_unpacked_ = end_of_row;
    if (count_ < most_) return true;
    end_ = changes_[count_ - 1].position;
    return false;
}

/* The types of the row; null in place of those that the feed does not want. They live as long as the page. */
TextItems PageReader::types_of(Datum array) const
{
    const MemoryContext outer = MemoryContextSwitchTo(context_);
    const TextItems types = texts_of(array);
    MemoryContextSwitchTo(outer);
    if (wanted_.items == nullptr) return types;
    std::replace_if(
        types.items, types.items + types.count,
        [&](Datum type) {
            return std::none_of(wanted_.items, wanted_.items + wanted_.count,
                                [&](Datum one) { return detoasted_bytes(one) == detoasted_bytes(type); });
        },
        Datum{0});
    return types;
}

NullableDatum PageReader::tenant_of(TupleTableSlot *row) const
{
    if (row->tts_isnull[tenant]) return null_datum;
    const MemoryContext outer = MemoryContextSwitchTo(context_);
    const Datum copied = datumCopy(row->tts_values[tenant], false, -1);
    MemoryContextSwitchTo(outer);
    return given(copied);
}

void PageReader::unpack(TupleTableSlot *row)
{
    const Datum *const values = row->tts_values;
    const auto size = static_cast<std::size_t>(DatumGetInt32(values[count]));
    const std::int64_t its_tick = DatumGetInt64(values[tick]);
    const std::int64_t its_number = DatumGetInt64(values[number]);
    const bool is_first = its_tick == start_.tick && its_number == start_.number;
    const TextItems types = types_of(values[event_types]);
    const auto noted = items_of<char>(values[operations], size);
    Change change{.position = end_,
                  .noted = Noted::dropped,
                  .occurred_at = DatumGetTimestampTz(values[first_time]),
                  .end = DatumGetTimestampTz(values[last_time]),
                  .id = {},
                  .event_type = 0,
                  .tenant = tenant_of(row)};
    const bool is_drop = types.count == 0;
    const std::size_t events = is_drop ? 0 : size;
    const auto its_ids = items_of<pg_uuid_t>(values[ids], events);
    const auto its_times = items_of<TimestampTz>(values[times], events);
    const auto its_types = items_of<std::int16_t>(values[type_numbers], events);
    for (std::size_t i = is_first ? static_cast<std::size_t>(start_.index) : 0; i < size && count_ < most_; ++i) {
        if (!is_drop) {
            if (its_types[i] < 1 || its_types[i] > types.count) refuse_row();
            change.event_type = types.items[its_types[i] - 1];
            if (change.event_type == 0) continue;
            change.noted = static_cast<Noted>(noted[i]);
            change.occurred_at = its_times[i];
            change.id = its_ids[i];
        }
        change.position = FeedPosition{its_tick, its_number, static_cast<std::int64_t>(i + 1)};
        changes_[count_++] = change;
    }
}

} // namespace

OutboxPage read_outbox(const ExtensionSchema &schema, const FeedStart &start, std::int32_t max_changes)
{
    PageReader reader{start, max_changes};
    rows_after.run(schema,
                   {given(Int64GetDatum(most_rows)), given(Int64GetDatum(start.tick)),
                    given(Int64GetDatum(start.number)), given(Int64GetDatum(start.last_tick)), start.event_types,
                    start.tenant},
                   RowReceiver{reader});
    return reader.page();
}

} // namespace analytics::pg
