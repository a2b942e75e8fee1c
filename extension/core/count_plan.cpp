#include "count_plan.hpp"

#include <algorithm>

namespace analytics::core {
namespace {

class Planner {
public:
    Planner(Micros unit, std::span<const Instant> bounds) : unit_(unit), bounds_(bounds) {}

    CountPlan plan()
    {
        std::int64_t done = 0; // units before this one are planned
        for (std::size_t i = 0; i < bounds_.size();) {
            const std::int64_t whole = number_of(bounds_[i]);
            if (i > 0) add_span(done, whole, bucket_before(i));
            done = whole;
            if (bounds_[i] == whole * unit_) {
                ++i;
                continue;
            }
            std::size_t next = i + 1;
            while (next < bounds_.size() && number_of(bounds_[next]) == whole) ++next;
            divide(whole, i, next);
            done = whole + 1;
            i = next;
        }
        return std::move(plan_);
    }

private:
    [[nodiscard]] std::int64_t number_of(Instant instant) const noexcept
    {
        return instant / unit_ - (instant % unit_ < 0 ? 1 : 0);
    }

    [[nodiscard]] std::int32_t bucket_before(std::size_t bound) const noexcept
    {
        return bound == 0 || bound == bounds_.size() ? no_bucket : static_cast<std::int32_t>(bound) - 1;
    }

    void add_span(std::int64_t start, std::int64_t end, std::int32_t bucket)
    {
        if (start >= end) return;
        std::vector<Span> &spans = plan_.spans;
        if (!spans.empty() && spans.back().bucket == bucket && spans.back().end == start)
            spans.back().end = end;
        else
            spans.push_back({start, end, bucket});
    }

    /* The unit that the bounds first … end - 1 lie within. */
    void divide(std::int64_t whole, std::size_t first, std::size_t end)
    {
        const Instant start = whole * unit_;
        const auto piece = [&](std::size_t bound) {
            return Slice{bound == first ? start : bounds_[bound - 1], bound == end ? start + unit_ : bounds_[bound],
                         bucket_before(bound), no_bucket};
        };
        Slice longest = piece(first);
        for (std::size_t bound = first + 1; bound <= end; ++bound)
            if (const Slice other = piece(bound); other.end - other.start > longest.end - longest.start)
                longest = other;

        if (longest.bucket != no_bucket) add_span(whole, whole + 1, longest.bucket);
        for (std::size_t bound = first; bound <= end; ++bound) {
            Slice part = piece(bound);
            if (part.start == longest.start || part.start == part.end) continue;
            part.less = longest.bucket;
            if (part.bucket != no_bucket || part.less != no_bucket) plan_.slices.push_back(part);
        }
    }

    Micros unit_;
    std::span<const Instant> bounds_;
    CountPlan plan_;
};

} // namespace

CountPlan plan_by(Micros unit, std::span<const Instant> bounds)
{
    return Planner{unit, bounds}.plan();
}

CountPlan plan_from_events(std::span<const Instant> bounds)
{
    CountPlan plan;
    for (std::size_t i = 1; i < bounds.size(); ++i)
        if (bounds[i - 1] < bounds[i])
            plan.slices.push_back({bounds[i - 1], bounds[i], static_cast<std::int32_t>(i) - 1, no_bucket});
    return plan;
}

} // namespace analytics::core
