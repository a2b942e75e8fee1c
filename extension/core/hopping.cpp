#include "hopping.hpp"

#include "count.hpp"

#include <algorithm>

namespace analytics::core {
namespace {

constexpr std::int64_t floor_div(std::int64_t value, std::int64_t by) noexcept
{
    return value / by - (value % by < 0 ? 1 : 0);
}

/* The first window that ends after start. */
constexpr std::int64_t first_after(Instant start, std::int64_t size, std::int64_t hop) noexcept
{
    return floor_div(start - size, hop) + 1;
}

/* The first window that begins at end or later. */
constexpr std::int64_t first_from(Instant end, std::int64_t hop) noexcept
{
    return floor_div(end - 1, hop) + 1;
}

} // namespace

std::int64_t Hopping::windows_in(Instant start, Instant end, std::int64_t size, std::int64_t hop) noexcept
{
    return start < end ? std::max<std::int64_t>(first_from(end, hop) - first_after(start, size, hop), 0) : 0;
}

Hopping::Hopping(Instant start, Instant end, std::int64_t size, std::int64_t hop)
{
    if (start >= end) return;
    for (std::int64_t k = first_after(start, size, hop); k < first_from(end, hop); ++k) {
        windows_.push_back({k * hop, k * hop + size, 0, 0});
        bounds_.push_back(std::max(k * hop, start));
        bounds_.push_back(std::min(k * hop + size, end));
    }
    std::sort(bounds_.begin(), bounds_.end());
    bounds_.erase(std::unique(bounds_.begin(), bounds_.end()), bounds_.end());

    const auto piece_at = [&](Instant bound) {
        return static_cast<std::int32_t>(std::lower_bound(bounds_.begin(), bounds_.end(), bound) - bounds_.begin());
    };
    for (Window &window : windows_) {
        window.first_piece = piece_at(std::max(window.start, start));
        window.end_piece = piece_at(std::min(window.end, end));
    }
}

const std::vector<std::int64_t> &SlidingSum::slide(std::int32_t first, std::int32_t end)
{
    for (; added_ < counts_.size() && counts_[added_].bucket < end; ++added_)
        sums_[counts_[added_].type] = sum_of(sums_[counts_[added_].type], counts_[added_].count);
    for (; taken_ < added_ && counts_[taken_].bucket < first; ++taken_)
        sums_[counts_[taken_].type] = difference_of(sums_[counts_[taken_].type], counts_[taken_].count);
    return sums_;
}

} // namespace analytics::core
