#include "zone.hpp"

#include "owned.hpp"

extern "C" {
#include "pgtime.h"
}

#include <span>

namespace analytics::pg {
namespace {

constexpr std::int64_t micros = USECS_PER_SEC;

/* Further than any clock is away from UTC. */
constexpr std::int64_t margin = 2 * USECS_PER_DAY;

pg_tz *zone_named(const text *name)
{
    const char *const characters = text_to_cstring(name);
    pg_tz *const zone = pg_tzset(characters);
    if (zone == nullptr || !pg_tz_acceptable(zone))
        ereport(ERROR,
                (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("timezone \"%s\" is not a time zone", characters)));
    return zone;
}

struct Offsets {
    core::Offset *items;
    std::size_t count;
    std::size_t room;

    void add(core::Offset offset)
    {
        if (count == room) {
            room *= 2;
            items = static_cast<core::Offset *>(repalloc(items, room * sizeof *items));
        }
        items[count++] = offset;
    }
};

} // namespace

const core::Zone &zone_around(MemoryContext context, const text *name, const core::Bucket &bucket, core::Instant start,
                              core::Instant end)
{
    constexpr std::size_t first_room = 16;
    pg_tz *const zone = zone_named(name);
    const core::Instant first = bucket.start(bucket.start(start) - margin) - margin;
    const core::Instant last = bucket.next(bucket.start(end + margin)) + margin;

    Offsets offsets{static_cast<core::Offset *>(palloc(first_room * sizeof(core::Offset))), 0, first_room};
    pg_time_t from = first / micros - 1;
    long before = 0;
    long after = 0;
    int before_is_summer = 0;
    int after_is_summer = 0;
    pg_time_t jump = 0;
    int found = pg_next_dst_boundary(&from, &before, &before_is_summer, &jump, &after, &after_is_summer, zone);
    offsets.add({first, before * micros});
    for (; found > 0 && jump * micros <= last;
         found = pg_next_dst_boundary(&from, &before, &before_is_summer, &jump, &after, &after_is_summer, zone)) {
        if (after != before) offsets.add({jump * micros, after * micros});
        from = jump;
    }
    return *make_owned<core::Zone>(context, std::span<const core::Offset>{offsets.items, offsets.count});
}

} // namespace analytics::pg
