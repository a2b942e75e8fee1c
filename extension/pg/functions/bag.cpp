/* _analytics_bag_cells: the counts of a bag as rows. analytics_bag: an aggregate that packs such rows into a bag. */

#include "../../core/count.hpp"
#include "../../core/tally.hpp"
#include "../border/owned.hpp"
#include "../border/result_set.hpp"
#include "../border/text.hpp"

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

/* The aggregate's state; its memory context owns it. */
struct BagState {
    explicit BagState(TimestampTz start) : hour(start) {}

    TimestampTz hour;
    core::Bag bag;
    std::string packed;
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

} // namespace
} // namespace analytics::pg

ANALYTICS_FUNCTION(analytics_bag_cells)
{
    using namespace analytics;
    using namespace analytics::pg;
    const TimestampTz hour = PG_GETARG_TIMESTAMPTZ(0);
    if (!IS_VALID_TIMESTAMP(hour) || !IS_VALID_TIMESTAMP(hour + USECS_PER_HOUR - 1))
        ereport(ERROR, (errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE), errmsg("timestamp out of range")));
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

ANALYTICS_FUNCTION(analytics_bag_add)
{
    using namespace analytics;
    using namespace analytics::pg;
    MemoryContext context = nullptr;
    if (AggCheckCallContext(fcinfo, &context) == 0) elog(ERROR, "_analytics_bag_add called in non-aggregate context");
    auto *state = PG_ARGISNULL(0) ? nullptr : reinterpret_cast<BagState *>(PG_GETARG_POINTER(0));
    if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
        ereport(ERROR,
                (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("minute, event_type and count must not be null")));

    const TimestampTz minute = PG_GETARG_TIMESTAMPTZ(1);
    if (!IS_VALID_TIMESTAMP(minute))
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("minutes must be finite")));
    const TimestampTz hour = core::hour_of(minute);
    if (state == nullptr) state = make_owned<BagState>(context, hour);
    if (state->hour != hour)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("minutes must be of one hour")));
    const std::string_view type = bytes_of(PG_GETARG_DATUM(2));
    const std::int64_t count = PG_GETARG_INT64(3);
    require_sums([&] { state->bag.add(type, static_cast<int>((minute - hour) / core::micros_per_minute), count); });
    PG_RETURN_POINTER(state);
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
