/* Buckets of time: where the bucket of an instant begins, and where the next one does.
 *
 * A bucket is a whole number of minutes, counted from the Unix epoch, or of months, counted from January 1970. Both are
 * in UTC, so a bucket of 1440 minutes is a UTC day. Every bucket is half-open: [start, next). */
#pragma once

#include "text/rfc3339.hpp"

#include <cstdint>
#include <optional>

namespace analytics::core {

/** A bucket of an instant after the year 0001 must begin after 4714 BC, where PostgreSQL's timestamps begin. */
inline constexpr std::int32_t longest_bucket_years = 4'000;

class Bucket {
public:
    /** From the parts of PostgreSQL's interval. Nothing unless they are a positive whole number of months or of
     * minutes, and at most longest_bucket_years. */
    static std::optional<Bucket> of_interval(std::int32_t months, std::int32_t days, std::int64_t micros) noexcept;

    /** Start of the bucket that holds the instant, which must be in the years 0001 to 9999. */
    [[nodiscard]] Instant start(Instant instant) const noexcept;

    /** Start of the bucket after the one that begins at start. */
    [[nodiscard]] Instant next(Instant start) const noexcept;

    /** Whether it is a whole number of days or of months, and so begins at midnight. */
    [[nodiscard]] bool of_days() const noexcept;

private:
    Bucket(std::int64_t months, std::int64_t micros) noexcept : months_(months), micros_(micros) {}

    std::int64_t months_; // 0 for buckets of minutes
    std::int64_t micros_; // 0 for buckets of months
};

} // namespace analytics::core
