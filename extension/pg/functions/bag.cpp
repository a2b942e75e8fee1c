/* analytics_bag_cells: the counts of a bag as rows. analytics_bag: an aggregate that packs such rows into a bag.
 * _analytics_bag_minutes and _analytics_second_weight: what analytics_verify compares.
 * _analytics_bag_seconds, _analytics_missing_bag: what analytics_rebuild compares and appends. */

#include "../../core/count.hpp"
#include "../../core/tally.hpp"
#include "../border/owned.hpp"
#include "../border/result_set.hpp"
#include "../border/text.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/array.h"
}

#include <vector>

namespace analytics::pg {
namespace {

struct BagEntry {
    std::string_view type;
    core::MinuteCount count;
};

/* Reads the counts of a packed bag. It is plain data, so it may live through PostgreSQL phases. */
class BagEntryReader {
public:
    explicit BagEntryReader(std::string_view packed) : types_(packed) {}

    bool next(BagEntry &entry)
    {
        while (!minutes_.next(entry.count)) {
            if (total_ != types_.total()) throw core::Corrupt("bag holds a total that is not the sum of its minutes");
            if (!types_.next()) return false;
            minutes_ = types_.minutes();
            total_ = 0;
        }
        total_ = core::sum_of(total_, entry.count.count);
        entry.type = types_.type();
        return true;
    }

private:
    core::BagReader types_;
    core::MinuteReader minutes_{nullptr, nullptr};
    std::int64_t total_ = 0;
};

/* The counts of a bag with seconds; a memory context owns it. */
struct CountedTimes {
    struct Entry {
        std::string_view type; // of the bag
        std::int64_t offset;   // in the hour, microseconds
        std::int64_t count;
        std::uint64_t weight;
    };

    CountedTimes(std::string_view cells, const std::optional<std::string_view> &seconds) { bag.add(cells, seconds); }

    void list_minutes()
    {
        bag.for_each_minute(
            [&](std::string_view type, int minute, std::int64_t count, std::span<const core::SecondCount> seconds) {
                entries.push_back({type, minute * core::micros_per_minute, count, core::weight_of(seconds)});
            });
    }

    void list_seconds()
    {
        bag.for_each_second([&](std::string_view type, int second, std::int64_t count) {
            entries.push_back({type, second * core::micros_per_second, count, 0});
        });
    }

    core::Bag bag;
    std::vector<Entry> entries;
};

TimestampTz hour_argument(FunctionCallInfo fcinfo, int argument)
{
    const TimestampTz hour = PG_GETARG_TIMESTAMPTZ(argument);
    if (!IS_VALID_TIMESTAMP(hour) || !IS_VALID_TIMESTAMP(hour + USECS_PER_HOUR - 1))
        ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE), errmsg("timestamp out of range")));
    return hour;
}

/* Returns what list puts down: time, type, count and, where the result has such a column, weight. */
template <class List> Datum put_counts(FunctionCallInfo fcinfo, List list)
{
    ResultSet result{fcinfo};
    if (PG_ARGISNULL(0) || PG_ARGISNULL(1)) return {};
    const TimestampTz hour = hour_argument(fcinfo, 0);
    const std::string_view cells = bytes_of(PG_GETARG_DATUM(1));
    std::optional<std::string_view> seconds;
    if (!PG_ARGISNULL(2)) seconds = bytes_of(PG_GETARG_DATUM(2));

    const MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "analytics bag", ALLOCSET_SMALL_SIZES);
    auto *const times = make_owned<CountedTimes>(context, cells, seconds);
    guarded([&] { list(*times); });
    for (const CountedTimes::Entry &entry : times->entries) {
        CHECK_FOR_INTERRUPTS();
        const Datum type = text_of(entry.type);
        Datum values[] = {TimestampTzGetDatum(hour + entry.offset), type, Int64GetDatum(entry.count),
                          Int64GetDatum(static_cast<std::int64_t>(entry.weight))};
        bool nulls[] = {false, false, false, false};
        result.put(values, nulls);
        pfree(DatumGetPointer(type));
    }
    MemoryContextDelete(context);
    return {};
}

/* The aggregate's state; its memory context owns it. */
struct BagState {
    explicit BagState(TimestampTz start) : hour(start) {}

    TimestampTz hour;
    core::Bag bag;
    std::string packed;
    core::PackedBag packed_both;
};

/* Runs a body that adds up the caller's counts; SQLSTATE 22003 when they exceed 64 bits. */
template <class Body> void require_sums(Body body)
{
    const bool fits = guarded([&] {
        try {
            body();
            return true;
        } catch (const core::Corrupt &) {
            return false;
        }
    });
    if (!fits)
        ereport(ERROR, (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE), errmsg("number of events exceeds 64 bits")));
}

/* The state that the aggregate has, or its first one. The time must be in the hour of the others. */
BagState &state_for(FunctionCallInfo fcinfo, TimestampTz time)
{
    MemoryContext context = nullptr;
    if (AggCheckCallContext(fcinfo, &context) == 0) elog(ERROR, "called in non-aggregate context");
    if (!IS_VALID_TIMESTAMP(time))
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("minutes must be finite")));
    const TimestampTz hour = core::hour_of(time);
    auto *state = PG_ARGISNULL(0) ? nullptr : reinterpret_cast<BagState *>(PG_GETARG_POINTER(0));
    if (state == nullptr) state = make_owned<BagState>(context, hour);
    if (state->hour != hour)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("minutes must be of one hour")));
    return *state;
}

} // namespace
} // namespace analytics::pg

ANALYTICS_FUNCTION(analytics_bag_cells)
{
    using namespace analytics;
    using namespace analytics::pg;
    const TimestampTz hour = hour_argument(fcinfo, 0);
    const std::string_view packed = bytes_of(PG_GETARG_DATUM(1));

    ResultSet result{fcinfo};
    BagEntryReader reader = guarded([&] { return BagEntryReader{packed}; });
    BagEntry entry;
    while (guarded([&] { return reader.next(entry); })) {
        CHECK_FOR_INTERRUPTS();
        const Datum type = text_of(entry.type);
        Datum values[] = {TimestampTzGetDatum(hour + entry.count.minute * USECS_PER_MINUTE), type,
                          Int64GetDatum(entry.count.count)};
        bool nulls[] = {false, false, false};
        result.put(values, nulls);
        pfree(DatumGetPointer(type));
    }
    return {};
}

ANALYTICS_FUNCTION(analytics_bag_minutes)
{
    return analytics::pg::put_counts(fcinfo, [](analytics::pg::CountedTimes &times) { times.list_minutes(); });
}

ANALYTICS_FUNCTION(analytics_bag_seconds)
{
    return analytics::pg::put_counts(fcinfo, [](analytics::pg::CountedTimes &times) { times.list_seconds(); });
}

ANALYTICS_FUNCTION(analytics_second_weight)
{
    using namespace analytics;
    const TimestampTz time = PG_GETARG_TIMESTAMPTZ(0);
    if (TIMESTAMP_NOT_FINITE(time)) PG_RETURN_INT32(0);
    const std::int64_t second = (time - core::hour_of(time)) / core::micros_per_second % core::seconds_per_minute;
    PG_RETURN_INT32(static_cast<std::int32_t>(core::second_weight(static_cast<int>(second))));
}

ANALYTICS_FUNCTION(analytics_bag_add)
{
    using namespace analytics;
    using namespace analytics::pg;
    if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
        ereport(ERROR,
                (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("minute, event_type and count must not be null")));
    BagState &state = state_for(fcinfo, PG_GETARG_TIMESTAMPTZ(1));
    const auto minute = static_cast<int>((PG_GETARG_TIMESTAMPTZ(1) - state.hour) / core::micros_per_minute);
    const std::string_view type = bytes_of(PG_GETARG_DATUM(2));
    const std::int64_t count = PG_GETARG_INT64(3);
    require_sums([&] { state.bag.add(type, minute, count); });
    PG_RETURN_POINTER(&state);
}

ANALYTICS_FUNCTION(analytics_missing_bag_add)
{
    using namespace analytics;
    using namespace analytics::pg;
    for (const int argument : {1, 2, 3, 4})
        if (PG_ARGISNULL(argument))
            ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("arguments must not be null")));
    BagState &state = state_for(fcinfo, PG_GETARG_TIMESTAMPTZ(1));
    const auto second = static_cast<int>((PG_GETARG_TIMESTAMPTZ(1) - state.hour) / core::micros_per_second);
    const bool is_second = PG_GETARG_BOOL(2);
    const std::string_view type = bytes_of(PG_GETARG_DATUM(3));
    const std::int64_t count = PG_GETARG_INT64(4);
    require_sums([&] {
        if (is_second)
            state.bag.add_second_alone(type, second, count);
        else
            state.bag.add_minute_alone(type, second / core::seconds_per_minute, count);
    });
    PG_RETURN_POINTER(&state);
}

ANALYTICS_FUNCTION(analytics_bag_pack)
{
    using namespace analytics::pg;
    if (AggCheckCallContext(fcinfo, nullptr) == 0) elog(ERROR, "_analytics_bag_pack called in non-aggregate context");
    if (PG_ARGISNULL(0)) PG_RETURN_NULL();
    auto *const state = reinterpret_cast<BagState *>(PG_GETARG_POINTER(0));
    require_sums([&] { state->packed = state->bag.pack(); });
    return text_of(state->packed);
}

/* The cells and the seconds, null where they are too many. */
ANALYTICS_FUNCTION(analytics_missing_bag_pack)
{
    using namespace analytics::pg;
    if (AggCheckCallContext(fcinfo, nullptr) == 0) elog(ERROR, "called in non-aggregate context");
    if (PG_ARGISNULL(0)) PG_RETURN_NULL();
    auto *const state = reinterpret_cast<BagState *>(PG_GETARG_POINTER(0));
    require_sums([&] { state->bag.pack(state->packed_both); });
    constexpr int parts = 2;
    const bool has_seconds = state->packed_both.has_seconds;
    Datum values[parts] = {text_of(state->packed_both.cells),
                           has_seconds ? text_of(state->packed_both.seconds) : Datum{0}};
    bool nulls[parts] = {false, !has_seconds};
    int size = parts;
    int first = 1;
    return PointerGetDatum(construct_md_array(values, nulls, 1, &size, &first, BYTEAOID, -1, false, TYPALIGN_INT));
}
