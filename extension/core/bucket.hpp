/* Buckets of time: where the one that holds an instant begins, and where the next one does.
 *
 * A bucket is a whole number of minutes, counted from the Unix epoch, or a whole number of months, counted from
 * January 1970; both in UTC, so a bucket of 1440 minutes is a UTC day. Every bucket is half-open: [start, next). */
#pragma once

#include "instant.hpp"

#include <cstdint>
#include <optional>

namespace analytics::core {

/** So that a bucket which holds an instant of the years 0001 to 9999 begins where PostgreSQL has a timestamp: from 4714 BC on. */
inline constexpr std::int32_t longest_bucket_years = 4'000;

class Bucket {
public:
    /** From an interval's parts, as PostgreSQL keeps them. Nothing unless they make a whole positive number of months, or of minutes,
     * and not more than the longest bucket has. */
    static std::optional<Bucket> of_interval(std::int32_t months, std::int32_t days, std::int64_t micros) noexcept;

    /** Start of the bucket that holds the instant; years 0001 to 9999. */
    [[nodiscard]] Instant start(Instant instant) const noexcept;

    /** Start of the bucket after the one that begins at start. */
    [[nodiscard]] Instant next(Instant start) const noexcept;

    /** Whether it is a whole number of days or of months, so that it begins at midnight. */
    [[nodiscard]] bool of_days() const noexcept;

private:
    Bucket(std::int64_t months, std::int64_t micros) noexcept : months_(months), micros_(micros) {}

    std::int64_t months_; // 0 for buckets of minutes
    std::int64_t micros_; // 0 for buckets of months
};

} // namespace analytics::core
