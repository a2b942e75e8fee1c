/* Hopping windows [k * hop, k * hop + size), counted from the Unix epoch. When size equals hop they tumble. When size
 * is larger they overlap, and an event lies in several. When it is smaller they leave gaps.
 *
 * The windows' edges cut time into pieces. Each piece is counted once, and a window's count is the sum of its pieces.
 * The sum is kept while the window slides: a piece is added when the window reaches it, and subtracted when the
 * window has left it. */
#pragma once

#include "window_counter.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace analytics::core {

class Hopping {
public:
    /** A window, and the pieces [first, end) of the requested range that it covers. */
    struct Window {
        Instant start;
        Instant end;
        std::int32_t first_piece;
        std::int32_t end_piece;
    };

    /** The windows that overlap [start, end). Check windows_in() first: there may be very many. */
    Hopping(Instant start, Instant end, std::int64_t size, std::int64_t hop);

    /** How many windows that would be. size and hop are positive, and at most twice the calendar's length. */
    static std::int64_t windows_in(Instant start, Instant end, std::int64_t size, std::int64_t hop) noexcept;

    [[nodiscard]] const std::vector<Window> &windows() const noexcept { return windows_; }

    /** Ascending; piece i is [bounds[i], bounds[i + 1]). */
    [[nodiscard]] const std::vector<Instant> &bounds() const noexcept { return bounds_; }

private:
    std::vector<Window> windows_;
    std::vector<Instant> bounds_;
};

/** The sums by type of a range of buckets that slides forward. */
class SlidingSum {
public:
    explicit SlidingSum(const WindowCounter &counter) : counts_(counter.counts()), sums_(counter.types().size()) {}

    /** Slides to the buckets [first, end), and returns the counts by type. Neither bound may go back. */
    const std::vector<std::int64_t> &slide(std::int32_t first, std::int32_t end);

private:
    const std::vector<WindowCounter::BucketCount> &counts_;
    std::vector<std::int64_t> sums_;
    std::size_t added_ = 0;
    std::size_t taken_ = 0;
};

} // namespace analytics::core
