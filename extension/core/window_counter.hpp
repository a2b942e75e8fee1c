/* Counts events by bucket and type, by a plan: bags are added hour by hour, events one by one, in any order. The result
 * is that of a GROUP BY over the events.
 *
 * Memory is proportional to the counts that are not zero (counts_met); the caller must limit them. The surprising thing
 * is that a count may be negative for a while, until the bag that it is subtracted from is added. */
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
    struct BucketCount {
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

    /** Adds the counts that a packed bag of the hour has for the buckets. Hours are numbered like the plan's minutes.
     * Throws Corrupt when the bytes are damaged. */
    void add_bag(std::int64_t hour, std::string_view packed);

    /** Counts an event in one of the run's slices. */
    void add_event(std::span<const Slice> run, Instant occurred_at, std::string_view type);

    /** The number of pairs of a bucket and a type that have a count so far. */
    [[nodiscard]] std::size_t counts_met() const noexcept { return sums_.size(); }

    /** Sorts the counts. types() and counts() are valid afterwards. */
    void finish();

    /** The types that have a count, in the order of their bytes. */
    [[nodiscard]] const std::vector<std::string_view> &types() const noexcept { return types_; }

    /** In the order of buckets, then of types. */
    [[nodiscard]] const std::vector<BucketCount> &counts() const noexcept { return counts_; }

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
    std::unordered_map<std::uint64_t, std::int64_t> sums_; // by bucket and type, as key_of puts them together
    std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>> indexes_;
    std::vector<std::string_view> types_; // by index until finish(), views of the map's keys, which stay where they are
    std::vector<BucketCount> counts_;
};

} // namespace analytics::core
