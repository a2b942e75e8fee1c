#include "zone.hpp"

#include <algorithm>

namespace analytics::core {

std::size_t Zone::at(Instant instant) const noexcept
{
    const auto after = std::upper_bound(offsets_.begin(), offsets_.end(), instant,
                                        [](Instant value, const Offset &offset) { return value < offset.from; });
    return after == offsets_.begin() ? 0 : static_cast<std::size_t>(after - offsets_.begin()) - 1;
}

Instant Zone::last_passing(std::int64_t local) const noexcept
{
    constexpr std::int64_t most_ahead = 86'400'000'000; // no clock is a day away from UTC
    for (std::size_t i = at(local + most_ahead);; --i) {
        const Instant passing = local - offsets_[i].ahead;
        if (i == 0 || offsets_[i].from < passing)
            return i + 1 < offsets_.size() ? std::min(passing, offsets_[i + 1].from) : passing;
    }
}

/* The start of the bucket that holds the clock's time, as the clock shows it. */
std::int64_t ZonedBucket::shown(std::size_t offset, Instant instant) const noexcept
{
    return bucket_.start(instant + zone_[offset].ahead);
}

/* The midnight, as the clock shows it, of the day that holds the instant. The clock may show a later day already, and
 * come back. */
std::int64_t ZonedBucket::midnight_of(Instant instant) const noexcept
{
    std::int64_t local = shown(zone_.at(instant), instant);
    while (zone_.last_passing(local) > instant) local = bucket_.start(local - 1);
    return local;
}

Instant ZonedBucket::midnight_before(Instant instant) const noexcept
{
    return zone_.last_passing(midnight_of(instant));
}

Instant ZonedBucket::midnight_after(Instant start) const noexcept
{
    std::int64_t local = bucket_.next(midnight_of(start));
    while (zone_.last_passing(local) <= start) local = bucket_.next(local);
    return zone_.last_passing(local);
}

/* Whether a bucket begins at the jump: the clock then shows a multiple, or has jumped across one. */
bool ZonedBucket::begins_at_jump(std::size_t offset) const noexcept
{
    const Instant jump = zone_[offset].from;
    const std::int64_t local = shown(offset, jump);
    return local == jump + zone_[offset].ahead || local != shown(offset - 1, jump - 1);
}

Instant ZonedBucket::start(Instant instant) const noexcept
{
    if (bucket_.of_days()) return midnight_before(instant);
    for (std::size_t i = zone_.at(instant);; --i) {
        const Instant start = shown(i, instant) - zone_[i].ahead;
        if (i == 0 || start >= zone_[i].from) return start;
        if (begins_at_jump(i)) return zone_[i].from;
        instant = zone_[i].from - 1;
    }
}

Instant ZonedBucket::next(Instant start) const noexcept
{
    if (bucket_.of_days()) return midnight_after(start);
    for (std::size_t i = zone_.at(start);; ++i) {
        const Instant next = bucket_.next(shown(i, start)) - zone_[i].ahead;
        if (i + 1 == zone_.size() || next < zone_[i + 1].from) return next;
        start = zone_[i + 1].from;
        if (begins_at_jump(i + 1)) return start;
    }
}

} // namespace analytics::core
