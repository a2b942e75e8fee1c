/* A projection's rules, as a row of analytics_projections has them: which events it takes, its buckets, by which
 * upcasts it sees payloads, and what it reads of them.
 *
 * A number stands for one way from an event to what is counted of it. So the upcasts of a number never change: they are
 * stored with it, and another chain of upcasts gets another number. A row has up to three: the number that is read, the
 * next one while it is built, and the last one, for transactions that began before it was replaced. */
#pragma once

#include "../../core/bucket.hpp"
#include "../../core/projection.hpp"
#include "../../core/upcast_chain.hpp"
#include "../border/extension_schema.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace analytics::pg {

struct ProjectionRule {
    std::int32_t id;
    std::string name; // of the projection
    bool of_every_type;
    std::vector<std::string> event_types;
    core::Bucket bucket;
    std::size_t max_groups; // of one bucket and tenant
    core::Projection projection;
    core::UpcastChain upcasts;
    bool is_replaced = false; // only transactions with an older snapshot still see it

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
