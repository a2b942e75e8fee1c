/* Hopping windows: of one size, one hop after the other, counted from the Unix epoch: [k hop, k hop + size). Where size
 * is the hop they tumble; where it is more they overlap, and an event lies in several; where it is less they leave gaps.
 *
 * Their edges cut time into pieces that no edge divides. Each piece is counted once, and a window's count is the sum of
 * its pieces, kept while it slides: a piece is added when the window reaches it, and taken away when left behind. */
#pragma once

#include "window_counter.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace analytics::core {

class Hopping {
public:
    /** A window's own bounds, and the pieces [first, end) that it covers of the range that was asked about. */
    struct Window {
        Instant start;
        Instant end;
        std::int32_t first_piece;
        std::int32_t end_piece;
    };

    /** The windows that meet [start, end), which ascend. Throws nothing but bad_alloc: ask windows_in() first. */
    Hopping(Instant start, Instant end, std::int64_t size, std::int64_t hop);

    /** How many there would be. size and hop are positive, and at most twice the calendar's length. */
    static std::int64_t windows_in(Instant start, Instant end, std::int64_t size, std::int64_t hop) noexcept;

    [[nodiscard]] const std::vector<Window> &windows() const noexcept { return windows_; }

    /** Ascending; piece i is [bounds[i], bounds[i + 1]). */
    [[nodiscard]] const std::vector<Instant> &bounds() const noexcept { return bounds_; }

private:
    std::vector<Window> windows_;
    std::vector<Instant> bounds_;
};

/** The sum of a row of buckets that slides forward. */
class SlidingSum {
public:
    explicit SlidingSum(const WindowCounter &counter) : cells_(counter.cells()), counts_(counter.types().size()) {}

    /** Goes on to the buckets [first, end), neither of which ever goes back; the counts by type. */
    const std::vector<std::int64_t> &slide(std::int32_t first, std::int32_t end);

private:
    const std::vector<WindowCounter::Cell> &cells_;
    std::vector<std::int64_t> counts_;
    std::size_t added_ = 0;
    std::size_t taken_ = 0;
};

} // namespace analytics::core
