/* Counts by time and event type: _analytics_window_counts of buckets between given bounds, analytics_histogram of
 * buckets of a wall clock, with zeros, analytics_hopping of windows that overlap. */

#include "../rollup/window_counts.hpp"
#include "../../core/bucket.hpp"
#include "../../core/hopping.hpp"
#include "../border/arguments.hpp"
#include "../border/boundary.hpp"
#include "../border/owned.hpp"
#include "../border/result_set.hpp"
#include "../border/text.hpp"
#include "../border/times.hpp"
#include "../rollup/buckets.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/array.h"
}

#include <algorithm>

namespace analytics::pg {
namespace {

struct Bounds {
    TimestampTz *times;
    int count;
    std::int32_t beginning = core::no_bucket; // the bucket that holds -infinity
};

/* Infinite bounds become the ends of the timestamps, so that there are minutes to count. With a null among them:
 * none. */
Bounds bounds_argument(FunctionCallInfo fcinfo, int argument)
{
    const Elements elements = elements_of(fcinfo, argument);
    if (elements.count > most_buckets + 1)
        ereport(ERROR,
                (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("bounds make more than %d buckets", most_buckets)));
    Bounds bounds{static_cast<TimestampTz *>(palloc(sizeof(TimestampTz) * (elements.count + 1))), elements.count};
    for (int i = 0; i < elements.count; ++i) {
        if (elements.is_null(i)) return {};
        const TimestampTz time = DatumGetTimestampTz(elements.values[i]);
        if (TIMESTAMP_IS_NOBEGIN(time)) bounds.beginning = i + 1 < elements.count ? i : core::no_bucket;
        bounds.times[i] = std::clamp<TimestampTz>(time, MIN_TIMESTAMP, END_TIMESTAMP);
        if (i > 0 && bounds.times[i] < bounds.times[i - 1])
            ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("bounds must ascend")));
    }
    return bounds;
}

/* A fixed length: a day has 24 hours, and months are refused. */
std::int64_t length_argument(FunctionCallInfo fcinfo, int argument, const char *name)
{
    constexpr std::int64_t longest = std::int64_t{core::longest_bucket_years} * 366 * USECS_PER_DAY;
    const Interval &interval = *PG_GETARG_INTERVAL_P(argument);
    if (interval.month != 0)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s must not have months", name),
                        errdetail("Months differ in length.")));
    const std::int64_t days = interval.day * USECS_PER_DAY;
    if (interval.time < -longest || interval.time > longest || days + interval.time <= 0 ||
        days + interval.time > longest)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("%s must be positive and at most %d years", name, core::longest_bucket_years)));
    return days + interval.time;
}

MemoryContext counting_context()
{
    return AllocSetContextCreate(CurrentMemoryContext, "analytics window counts", ALLOCSET_DEFAULT_SIZES);
}

/* The types as texts; live in the current memory context. */
Datum *texts_of(const std::vector<std::string_view> &types)
{
    auto *const texts = static_cast<Datum *>(palloc(sizeof(Datum) * (types.size() + 1)));
    for (std::size_t i = 0; i < types.size(); ++i) texts[i] = text_of(types[i]);
    return texts;
}

std::optional<std::string_view> type_argument(FunctionCallInfo fcinfo, int argument)
{
    if (PG_ARGISNULL(argument)) return std::nullopt;
    return bytes_of(PG_GETARG_DATUM(argument));
}

void require_rows(std::int64_t rows, const char *to_blame)
{
    if (rows > most_counts)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("%s is too short: the result would have more than %d rows", to_blame, most_counts),
                        errdetail("There is one row for each event type."),
                        errhint("Ask for a longer %s, a shorter window, or one event type.", to_blame)));
}

/* Every bucket, with the type that was asked for, or with every type that was counted; with a null when there is
 * none. */
void put_histogram(ResultSet &result, const BucketStarts &starts, const core::WindowCounter &counter,
                   const NullableDatum &asked)
{
    const Datum *const texts = asked.isnull ? texts_of(counter.types()) : &asked.value;
    const auto types = asked.isnull ? static_cast<int>(counter.types().size()) : 1;
    require_rows(std::int64_t{starts.count} * types, "bucket");
    auto cell = counter.counts().begin();
    for (int bucket = 0; bucket < starts.count; ++bucket) {
        CHECK_FOR_INTERRUPTS();
        for (int type = 0; type < std::max(types, 1); ++type) {
            const bool is_met = cell != counter.counts().end() && cell->bucket == bucket &&
                                cell->type == static_cast<std::uint32_t>(type);
            Datum values[] = {TimestampTzGetDatum(starts.times[bucket]), types == 0 ? Datum{0} : texts[type],
                              Int64GetDatum(is_met ? cell->count : 0)};
            bool nulls[] = {false, types == 0, false};
            result.put(values, nulls);
            if (is_met) ++cell;
        }
    }
}

void put_windows(ResultSet &result, const core::Hopping &hopping, core::SlidingSum *sum, const Datum *texts)
{
    std::int64_t rows = 0;
    for (const core::Hopping::Window &window : hopping.windows()) {
        CHECK_FOR_INTERRUPTS();
        const std::vector<std::int64_t> &counts =
            *guarded([&] { return &sum->slide(window.first_piece, window.end_piece); });
        for (std::size_t type = 0; type < counts.size(); ++type) {
            if (counts[type] == 0) continue;
            require_rows(++rows, "hop");
            Datum values[] = {TimestampTzGetDatum(timestamptz_of(window.start)),
                              TimestampTzGetDatum(timestamptz_of(window.end)), texts[type],
                              Int64GetDatum(counts[type])};
            bool nulls[] = {false, false, false, false};
            result.put(values, nulls);
        }
    }
}

} // namespace
} // namespace analytics::pg

ANALYTICS_FUNCTION(analytics_window_counts)
{
    using namespace analytics;
    using namespace analytics::pg;
    ResultSet result{fcinfo, MAT_SRF_USE_EXPECTED_DESC};
    const Bounds bounds = bounds_argument(fcinfo, 0);
    if (bounds.count < 2) return {};

    const MemoryContext context = counting_context();
    const core::WindowCounter &counter = *count_windows(
        schema_of(fcinfo), context,
        {bounds.times, bounds.count, tenant_argument(fcinfo, 1), std::nullopt, "bounds", bounds.beginning});
    const Datum *const texts = texts_of(counter.types());
    for (const core::WindowCounter::BucketCount &cell : counter.counts()) {
        CHECK_FOR_INTERRUPTS();
        Datum values[] = {Int32GetDatum(cell.bucket + 1), texts[cell.type], Int64GetDatum(cell.count)};
        bool nulls[] = {false, false, false};
        result.put(values, nulls);
    }
    MemoryContextDelete(context);
    return {};
}

ANALYTICS_FUNCTION(analytics_histogram)
{
    using namespace analytics;
    using namespace analytics::pg;
    enum : int { arg_start, arg_end, arg_bucket, arg_tenant, arg_type, arg_timezone };
    ResultSet result{fcinfo, MAT_SRF_USE_EXPECTED_DESC};
    for (const int argument : {arg_start, arg_end, arg_bucket, arg_timezone})
        if (PG_ARGISNULL(argument)) return {};
    const TimestampTz start = PG_GETARG_TIMESTAMPTZ(arg_start);
    const TimestampTz end = PG_GETARG_TIMESTAMPTZ(arg_end);
    const BucketStarts starts =
        bucket_starts(start, end, *PG_GETARG_INTERVAL_P(arg_bucket), PG_GETARG_TEXT_PP(arg_timezone));
    if (starts.count == 0) return {};

    auto *const bounds = static_cast<TimestampTz *>(palloc(sizeof(TimestampTz) * (starts.count + 1)));
    std::copy_n(starts.times, starts.count, bounds);
    bounds[0] = start;
    bounds[starts.count] = end;
    const MemoryContext context = counting_context();
    const core::WindowCounter &counter = *count_windows(
        schema_of(fcinfo), context,
        {bounds, starts.count + 1, tenant_argument(fcinfo, arg_tenant), type_argument(fcinfo, arg_type), "bucket"});
    put_histogram(result, starts, counter, fcinfo->args[arg_type]);
    MemoryContextDelete(context);
    return {};
}

ANALYTICS_FUNCTION(analytics_hopping)
{
    using namespace analytics;
    using namespace analytics::pg;
    enum : int { arg_start, arg_end, arg_size, arg_hop, arg_tenant, arg_type };
    ResultSet result{fcinfo, MAT_SRF_USE_EXPECTED_DESC};
    for (const int argument : {arg_start, arg_end, arg_size, arg_hop})
        if (PG_ARGISNULL(argument)) return {};
    const core::Instant start = required_instant(PG_GETARG_TIMESTAMPTZ(arg_start), "window_start");
    const core::Instant end = required_end(PG_GETARG_TIMESTAMPTZ(arg_end), "window_end");
    const std::int64_t size = length_argument(fcinfo, arg_size, "size");
    const std::int64_t hop = length_argument(fcinfo, arg_hop, "hop");
    if (core::Hopping::windows_in(start, end, size, hop) > most_buckets)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("window_start to window_end holds more than %d windows", most_buckets),
                        errhint("Use larger windows or a shorter range.")));

    const MemoryContext context = counting_context();
    const core::Hopping &hopping = *make_owned<core::Hopping>(context, start, end, size, hop);
    const std::size_t bounds = hopping.bounds().size();
    auto *const times = static_cast<TimestampTz *>(palloc(sizeof(TimestampTz) * (bounds + 1)));
    std::transform(hopping.bounds().begin(), hopping.bounds().end(), times, timestamptz_of);
    const core::WindowCounter &counter = *count_windows(
        schema_of(fcinfo), context,
        {times, static_cast<int>(bounds), tenant_argument(fcinfo, arg_tenant), type_argument(fcinfo, arg_type), "hop"});
    put_windows(result, hopping, make_owned<core::SlidingSum>(context, counter), texts_of(counter.types()));
    MemoryContextDelete(context);
    return {};
}
