#include "feed_answer.hpp"

#include "../border/text.hpp"
#include "../border/times.hpp"

extern "C" {
#include "utils/builtins.h"
#include "utils/memutils.h"
}

namespace analytics::pg {

/* The columns of the answer. */
struct FeedAnswer::Row {
    enum : int { position, operation, occurred_at, id, event_type, tenant_id, value, key, columns };

    Datum values[columns] = {};
    bool nulls[columns] = {true, true, true, true, true, true, true, true};

    void set(int column, Datum datum)
    {
        values[column] = datum;
        nulls[column] = false;
    }

    void set(int column, const NullableDatum &datum)
    {
        values[column] = datum.value;
        nulls[column] = datum.isnull;
    }
};

FeedAnswer::FeedAnswer(ResultSet &result, const NullableDatum &after)
    : result_(result),
      scratch_(AllocSetContextCreate(CurrentMemoryContext, "analytics row of a feed", ALLOCSET_SMALL_SIZES)),
      after_(after.isnull ? std::string_view{} : bytes_of(after.value))
{
}

void FeedAnswer::add(const FeedPosition &position, const char *operation, Row &row)
{
    const MemoryContext outer = MemoryContextSwitchTo(scratch_);
    row.set(Row::position, text_of(position.view()));
    if (operation != nullptr) row.set(Row::operation, text_of(operation));
    result_.put(row.values, row.nulls);
    MemoryContextSwitchTo(outer);
    MemoryContextReset(scratch_);
    last_ = position;
    has_rows_ = true;
}

void FeedAnswer::put(const FeedPosition &position, const Datum *event, const bool *nulls)
{
    Row row;
    const auto copy = [&](int column, int event_column) {
        row.set(column, NullableDatum{event[event_column], nulls[event_column]});
    };
    copy(Row::occurred_at, EventColumn::occurred_at);
    copy(Row::id, EventColumn::id);
    copy(Row::event_type, EventColumn::event_type);
    copy(Row::tenant_id, EventColumn::tenant_id);
    row.set(Row::value, json_.of(event, nulls));
    add(position, "put", row);
}

void FeedAnswer::remove(const FeedPosition &position, const GoneEvent &event)
{
    Row row;
    row.set(Row::occurred_at, TimestampTzGetDatum(event.occurred_at));
    row.set(Row::id, event.id);
    row.set(Row::event_type, event.event_type);
    row.set(Row::tenant_id, event.tenant);
    add(position, "delete", row);
}

void FeedAnswer::drop(const FeedPosition &position, TimestampTz start, TimestampTz end)
{
    Row row;
    const char *const range =
        psprintf(R"({"rangeStart" : "%s", "rangeEnd" : "%s"})", text_of_instant(start), text_of_instant(end));
    row.set(Row::value, text_of(range));
    add(position, "drop", row);
}

void FeedAnswer::end(const FeedPosition &position)
{
    if (position.view() == (has_rows_ ? last_.view() : after_)) return;
    Row row;
    add(position, nullptr, row);
}

} // namespace analytics::pg
