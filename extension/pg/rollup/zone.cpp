#include "zone.hpp"

#include "../border/owned.hpp"

extern "C" {
#include "pgtime.h"
}

#include <optional>
#include <span>
#include <string_view>

namespace analytics::pg {
namespace {

constexpr std::int64_t micros = USECS_PER_SEC;

/* More than any clock differs from UTC. */
constexpr std::int64_t margin = 2 * USECS_PER_DAY;

constexpr std::string_view digits = "0123456789";
constexpr std::string_view signs = "+-";
constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/* Whether the name is an offset. In ISO 8601 plus is east; in POSIX, which pg_tzset follows, it is west. So pg_tzset
 * must not read an offset. */
bool is_offset(std::string_view name) noexcept
{
    return name == "Z" || name == "z" ||
           (!name.empty() && (signs.find(name.front()) != std::string_view::npos ||
                              digits.find(name.front()) != std::string_view::npos));
}

/* Letters or none, a sign, a digit. UTC+3 is west of Greenwich in POSIX, but most who write it mean east. Names of the
 * tz database of this form have a slash, but for those of Greenwich itself. */
bool is_ambiguous(std::string_view name) noexcept
{
    const std::size_t sign = name.find_first_not_of(letters);
    if (sign == 0) return name.front() != '<'; // POSIX allows a name in angle brackets
    return sign != std::string_view::npos && sign > 0 && signs.find(name[sign]) != std::string_view::npos &&
           name.substr(sign + 1) != "0" && sign + 1 < name.size() &&
           digits.find(name[sign + 1]) != std::string_view::npos;
}

[[noreturn]] void refuse(const char *name)
{
    ereport(ERROR,
            (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("timezone \"%s\" is not a time zone", name),
             errhint("Use a name from pg_timezone_names, or an offset such as +05:30, positive east of Greenwich.")));
    pg_unreachable();
}

pg_tz *zone_named(const char *name)
{
    pg_tz *const zone = is_ambiguous(name) ? nullptr : pg_tzset(name);
    if (zone == nullptr || !pg_tz_acceptable(zone)) refuse(name);
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
    const char *const characters = text_to_cstring(name);
    if (is_offset(characters)) {
        const std::optional<std::int64_t> ahead = core::offset_of_text(characters);
        if (!ahead) refuse(characters);
        const core::Offset always{core::min_instant, *ahead};
        return *make_owned<core::Zone>(context, std::span<const core::Offset>{&always, 1});
    }
    pg_tz *const zone = zone_named(characters);
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
