/* Counts events by bucket and type, by a plan: bags are added hour by hour, then events one by one. The result is that
 * of a GROUP BY over the events.
 *
 * The seconds of an hour are known if each of its bags has seconds. So what bags have of a divided minute is added up
 * both ways, by minute and by second. When all bags are added, one way is chosen for each hour, and only then are the
 * slices known.
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

/** Where the counts come from. */
enum class CountFrom : std::uint8_t { bags, events };

class WindowCounter {
public:
    /** A count that is not zero. type is an index into types(). */
    struct BucketCount {
        std::int32_t bucket;
        std::uint32_t type;
        std::int64_t count;
    };

    /** For the buckets between the bounds; of one type, or of every type. */
    WindowCounter(std::span<const Instant> bounds, CountFrom from, std::optional<std::string_view> type = std::nullopt);

    /** The hours [start, end) whose bags are to be added, numbered like the plan's minutes. */
    struct Hours {
        std::int64_t start = 0;
        std::int64_t end = 0;
    };
    [[nodiscard]] Hours hours() const;

    /** Adds the counts that a packed bag of the hour has for the buckets. Throws Corrupt when the bytes are damaged. */
    void add_bag(std::int64_t hour, std::string_view cells);

    /** Whether a minute of the hour is divided, and each bag so far had seconds. Then add_seconds or miss_seconds
     * follows each bag. */
    [[nodiscard]] bool wants_seconds(std::int64_t hour) const;

    /** The bytes [start, end) of the packed seconds that add_seconds reads. */
    struct Bytes {
        std::size_t start = 0;
        std::size_t end = 0;
    };
    [[nodiscard]] Bytes wanted_bytes(std::int64_t hour, const SecondsHead &head) const;

    /** Adds the seconds of the bag that was added last; bytes: the wanted ones. Throws like add_bag. */
    void add_seconds(std::int64_t hour, const SecondsHead &head, std::string_view bytes);

    /** The bag that was added last has no seconds. */
    void miss_seconds(std::int64_t hour);

    /** Ends the bags. The slices are those events that are to be added. */
    const std::vector<Slice> &decide();

    /** Counts an event in one of the run's slices. */
    void add_event(std::span<const Slice> run, Instant occurred_at, std::string_view type);

    /** The number of pairs of a bucket and a type that have a count so far. */
    [[nodiscard]] std::size_t counts_met() const noexcept { return sums_.size() + undecided_; }

    /** Sorts the counts. types() and counts() are valid afterwards. */
    void finish();

    /** The types that have a count, in the order of their bytes. */
    [[nodiscard]] const std::vector<std::string_view> &types() const noexcept { return types_; }

    /** In the order of buckets, then of types. */
    [[nodiscard]] const std::vector<BucketCount> &counts() const noexcept { return counts_; }

private:
    using Sums = std::unordered_map<std::uint64_t, std::int64_t>; // by bucket and type, as key_of puts them together

    struct Hash : std::hash<std::string_view> {
        using is_transparent = void; // NOLINT(readability-identifier-naming): the standard's name
    };

    /* An hour with minutes that are divided. */
    struct DividedHour {
        std::int64_t hour;
        std::uint64_t minutes; // a bit for each that is divided
        bool has_seconds = true;
        Sums by_minute;
        Sums by_second;

        [[nodiscard]] bool is_divided(int minute) const noexcept
        {
            return (minutes >> static_cast<unsigned>(minute) & 1U) != 0;
        }
    };

    [[nodiscard]] bool wants(std::string_view type) const noexcept { return !type_ || *type_ == type; }
    std::uint32_t index_of(std::string_view type);
    [[nodiscard]] std::size_t divided(std::int64_t hour) const;
    void add_minutes(const BagReader &bag, std::span<const std::int32_t> bucket_of, DividedHour *hour);
    void add(std::int32_t bucket, std::uint32_t type, std::int64_t count, Sums *undecided = nullptr);

    CountFrom from_;
    CountPlan plan_;                   // by minute, or of events alone
    CountPlan by_second_;              // empty where no minute is divided
    std::vector<DividedHour> divided_; // in order
    std::vector<Slice> slices_;
    std::optional<std::string> type_;
    Sums sums_;
    std::size_t undecided_ = 0;
    std::vector<std::uint32_t> last_types_; // of the bag that was added last, in a divided hour
    std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>> indexes_;
    std::vector<std::string_view> types_; // by index until finish(), views of the map's keys, which stay where they are
    std::vector<BucketCount> counts_;
};

} // namespace analytics::core
