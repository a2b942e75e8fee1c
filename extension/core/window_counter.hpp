/* Counts of events by bucket and type, gathered by a plan: bags are poured in hour by hour, events one by one, in any
 * order, and the sum is what a GROUP BY over the events would have said.
 *
 * Nothing is kept per event, and nothing for a bucket or a type that has none: memory is what the cells take, of which
 * there may be so many as the caller bears (cells_met). The surprising thing is that a count may be negative meanwhile,
 * when a bag's share is still to come. */
#pragma once

#include "count_plan.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace analytics::core {

class WindowCounter {
public:
    /** A count that is not zero. type is an index into types(). */
    struct Cell {
        std::int32_t bucket;
        std::uint32_t type;
        std::int64_t count;
    };

    /** For the buckets between the bounds, which the planner divides; of one type, or of every type. */
    WindowCounter(std::span<const Instant> bounds, CountPlan (*planner)(std::span<const Instant>),
                  std::optional<std::string_view> type = std::nullopt)
        : plan_(planner(bounds)), type_(type)
    {
    }

    [[nodiscard]] const CountPlan &plan() const noexcept { return plan_; }

    /** Adds what a packed bag of the hour holds for the buckets; hours are numbered like the plan's minutes. Throws
     * Corrupt where the bytes are no bag. */
    void add_bag(std::int64_t hour, std::string_view packed);

    /** Counts an event that lies in one of the run's slices. */
    void add_event(std::span<const Slice> run, Instant occurred_at, std::string_view type);

    /** Pairs of a bucket and a type that something was counted of: what memory is proportional to. */
    [[nodiscard]] std::size_t cells_met() const noexcept { return counts_.size(); }

    /** Puts in order what was gathered; then types() and cells() have it. */
    void finish();

    /** Those that have a cell, in the order of their bytes. */
    [[nodiscard]] const std::vector<std::string_view> &types() const noexcept { return types_; }

    /** In the order of the buckets, then of the types. */
    [[nodiscard]] const std::vector<Cell> &cells() const noexcept { return cells_; }

private:
    struct Hash : std::hash<std::string_view> {
        using is_transparent = void; // NOLINT(readability-identifier-naming): the standard's name
    };

    [[nodiscard]] bool wants(std::string_view type) const noexcept { return !type_ || *type_ == type; }
    std::uint32_t index_of(std::string_view type);
    void add_minutes(const BagReader &bag, std::span<const std::int32_t> bucket_of);
    void add(std::int32_t bucket, std::uint32_t type, std::int64_t count);

    CountPlan plan_;
    std::optional<std::string> type_;
    std::unordered_map<std::uint64_t, std::int64_t> counts_; // by bucket and type, as key_of puts them together
    std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>> indexes_;
    std::vector<std::string_view> types_; // by index until finish(), views of the map's keys, which stay where they are
    std::vector<Cell> cells_;
};

} // namespace analytics::core
