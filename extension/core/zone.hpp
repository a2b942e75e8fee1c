/* A time zone's wall clock, and buckets that follow it.
 *
 * The clock shows instant + offset, and jumps when the offset changes. A bucket begins:
 *
 *   whole days, months   At local midnight: from that instant on the clock never again shows anything earlier. So a day
 *                        is one bucket, of 23 or 25 hours when the clock jumps, and holds all instants of its local
 *                        date. When the clock skips midnight, the day begins at the jump. When it shows midnight twice,
 *                        the day begins at the first, as the date is the same from there on (Havana: 01:00 back to
 *                        00:00). Only when it jumps back across midnight, to the date before, does the day begin at the
 *                        second.
 *   anything shorter     Whenever the clock shows a multiple of the bucket, or jumps across one, in either direction.
 *                        So an hour that the clock shows twice is two buckets, and an hour that it skips is none.
 *
 * In UTC, without jumps, both are the multiples since the epoch. */
#pragma once

#include "bucket.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace analytics::core {

/** From an instant on, the clock is ahead of UTC by so many microseconds. */
struct Offset {
    Instant from;
    std::int64_t ahead;
};

/** The wall clock over a range of time. The first offset holds before its instant, too. */
class Zone {
public:
    /** At least one, ascending. */
    explicit Zone(std::span<const Offset> offsets) : offsets_(offsets.begin(), offsets.end()) {}

    /** The index of the offset that holds at the instant. */
    [[nodiscard]] std::size_t at(Instant instant) const noexcept;

    [[nodiscard]] std::size_t size() const noexcept { return offsets_.size(); }
    [[nodiscard]] const Offset &operator[](std::size_t index) const noexcept { return offsets_[index]; }

    /** The instant from which on the clock never again shows anything earlier than the local time. */
    [[nodiscard]] Instant last_passing(std::int64_t local) const noexcept;

private:
    std::vector<Offset> offsets_;
};

/** A bucket on a zone's wall clock; start and next are those of Bucket. */
class ZonedBucket {
public:
    ZonedBucket(const Bucket &bucket, const Zone &zone) noexcept : bucket_(bucket), zone_(zone) {}

    [[nodiscard]] Instant start(Instant instant) const noexcept;
    [[nodiscard]] Instant next(Instant start) const noexcept;

private:
    [[nodiscard]] std::int64_t midnight_of(Instant instant) const noexcept;
    [[nodiscard]] Instant midnight_before(Instant instant) const noexcept;
    [[nodiscard]] Instant midnight_after(Instant start) const noexcept;
    [[nodiscard]] std::int64_t shown(std::size_t offset, Instant instant) const noexcept;
    [[nodiscard]] bool begins_at_jump(std::size_t offset) const noexcept;

    Bucket bucket_;
    const Zone &zone_;
};

} // namespace analytics::core
