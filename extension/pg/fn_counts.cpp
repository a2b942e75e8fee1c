/* analytics_window_counts and analytics_hopping: counts by bucket and type, of buckets that are told by their bounds,
 * and of windows that overlap. */

#include "args.hpp"
#include "boundary.hpp"
#include "owned.hpp"
#include "text.hpp"
#include "times.hpp"
#include "window_query.hpp"

#include "core/hopping.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/array.h"
}

#include <algorithm>

namespace analytics::pg {
namespace {

constexpr int most_buckets = 100'000;

struct Bounds {
    TimestampTz *times;
    int count;
};

/* Infinities are brought to where no event is any more, so that minutes can be counted. A null among them: none. */
Bounds bounds_argument(FunctionCallInfo fcinfo, int argument)
{
    const Elements elements = elements_of(fcinfo, argument);
    if (elements.count > most_buckets + 1)
        ereport(ERROR,
                (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("bounds make more than %d buckets", most_buckets)));
    Bounds bounds{static_cast<TimestampTz *>(palloc(sizeof(TimestampTz) * (elements.count + 1))), elements.count};
    for (int i = 0; i < elements.count; ++i) {
        if (elements.is_null(i)) return {};
        bounds.times[i] =
            std::clamp<TimestampTz>(DatumGetTimestampTz(elements.values[i]), MIN_TIMESTAMP, END_TIMESTAMP);
        if (i > 0 && bounds.times[i] < bounds.times[i - 1])
            ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("bounds must ascend")));
    }
    return bounds;
}

/* A length that is the same everywhere and at any time: a day has 24 hours, and there are no months. */
std::int64_t length_argument(FunctionCallInfo fcinfo, int argument, const char *name)
{
    constexpr std::int64_t longest = std::int64_t{10'000} * 366 * USECS_PER_DAY;
    const Interval &interval = *PG_GETARG_INTERVAL_P(argument);
    if (interval.month != 0)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s must not have months", name),
                        errdetail("Months differ in length.")));
    const std::int64_t days = interval.day * USECS_PER_DAY;
    if (interval.time < -longest || interval.time > longest || days + interval.time <= 0 ||
        days + interval.time > longest)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("%s must be positive and at most ten thousand years", name)));
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

/* The type that is asked for, among the types that were met; none: every type, or one that was not met. */
struct Wanted {
    bool every;
    std::size_t type;

    Wanted(FunctionCallInfo fcinfo, int argument, const std::vector<std::string_view> &types)
        : every(PG_ARGISNULL(argument)), type(types.size())
    {
        if (every) return;
        const std::string_view wanted = bytes_of(PG_GETARG_DATUM(argument));
        type = static_cast<std::size_t>(std::find(types.begin(), types.end(), wanted) - types.begin());
    }
};

void put_windows(FunctionCallInfo fcinfo, const core::Hopping &hopping, core::SlidingSum *sum, const Datum *texts,
                 const Wanted &wanted)
{
    auto *const result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    for (const core::Hopping::Window &window : hopping.windows()) {
        CHECK_FOR_INTERRUPTS();
        const std::vector<std::int64_t> &counts =
            *guarded([&] { return &sum->slide(window.first_piece, window.end_piece); });
        for (std::size_t type = 0; type < counts.size(); ++type) {
            if (counts[type] == 0 || !(wanted.every || wanted.type == type)) continue;
            Datum values[] = {TimestampTzGetDatum(timestamptz_of(window.start)),
                              TimestampTzGetDatum(timestamptz_of(window.end)), texts[type],
                              Int64GetDatum(counts[type])};
            bool nulls[] = {false, false, false, false};
            tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
        }
    }
}

} // namespace
} // namespace analytics::pg

ANALYTICS_FUNCTION(analytics_window_counts)
{
    using namespace analytics;
    using namespace analytics::pg;
    InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
    const Bounds bounds = bounds_argument(fcinfo, 0);
    if (bounds.count < 2) return {};

    const MemoryContext context = counting_context();
    const core::WindowCounter &counter =
        *count_windows(home_of(fcinfo), context, bounds.times, bounds.count, tenant_argument(fcinfo, 1));
    const Datum *const texts = texts_of(counter.types());
    auto *const result = reinterpret_cast<ReturnSetInfo *>(fcinfo->resultinfo);
    for (const core::WindowCounter::Cell &cell : counter.cells()) {
        CHECK_FOR_INTERRUPTS();
        Datum values[] = {Int32GetDatum(cell.bucket + 1), texts[cell.type], Int64GetDatum(cell.count)};
        bool nulls[] = {false, false, false};
        tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
    }
    MemoryContextDelete(context);
    return {};
}

ANALYTICS_FUNCTION(analytics_hopping)
{
    using namespace analytics;
    using namespace analytics::pg;
    enum : int { arg_start, arg_end, arg_size, arg_hop, arg_tenant, arg_type };
    InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
    for (const int argument : {arg_start, arg_end, arg_size, arg_hop})
        if (PG_ARGISNULL(argument)) return {};
    const core::Instant start = required_instant(PG_GETARG_TIMESTAMPTZ(arg_start));
    const core::Instant end = required_end(PG_GETARG_TIMESTAMPTZ(arg_end));
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
    const core::WindowCounter &counter =
        *count_windows(home_of(fcinfo), context, times, static_cast<int>(bounds), tenant_argument(fcinfo, arg_tenant));
    put_windows(fcinfo, hopping, make_owned<core::SlidingSum>(context, counter), texts_of(counter.types()),
                Wanted{fcinfo, arg_type, counter.types()});
    MemoryContextDelete(context);
    return {};
}
