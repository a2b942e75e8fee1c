/* A projection's rules, as a row of analytics_projections has them: which events it takes, its buckets, and what it
 * reads of a payload. */
#pragma once

#include "../../core/bucket.hpp"
#include "../../core/projection.hpp"
#include "../border/extension_schema.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace analytics::pg {

struct ProjectionRule {
    std::int32_t id;
    bool of_every_type;
    std::vector<std::string> event_types;
    core::Bucket bucket;
    std::size_t max_groups; // of one bucket and tenant
    core::Projection projection;

    [[nodiscard]] bool takes(std::string_view event_type) const noexcept
    {
        return of_every_type || std::find(event_types.begin(), event_types.end(), event_type) != event_types.end();
    }

    /** Start of the bucket that holds the instant, which must be in the years 0001 to 9999. */
    [[nodiscard]] TimestampTz bucket_start(TimestampTz occurred_at) const noexcept;

    /** Start of the bucket after the one that begins at start. */
    [[nodiscard]] TimestampTz next_bucket(TimestampTz start) const noexcept;

    /** The first start of a bucket at or after the end of a window, which may be infinite. */
    [[nodiscard]] TimestampTz bucket_end(TimestampTz end) const noexcept;
};

using ProjectionRules = std::vector<ProjectionRule>;

/** The rule of that number; an error when there is none. */
const ProjectionRule &rule_numbered(const ProjectionRules &rules, std::int32_t id);

} // namespace analytics::pg
