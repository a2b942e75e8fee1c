/* The maintainer of projections. For each projection it sums up the events that the projection takes, by bucket and
 * tenant. A statement appends to analytics_projection_bags one bag for each bucket and tenant that it has changed;
 * see bags.hpp. */
#pragma once

#include "../rollup/maintainer.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace analytics::pg {

Maintainer *make_projection_maintainer(MemoryContext context, const ExtensionSchema &schema);

/** Replaces the bags of a bucket and tenant by their sum, and returns how many bags fewer there are. Works in the
 * context. */
std::int64_t fold_bucket(MemoryContext context, const ExtensionSchema &schema, std::int32_t projection,
                         TimestampTz bucket_start, const std::optional<std::string> &tenant);

} // namespace analytics::pg
