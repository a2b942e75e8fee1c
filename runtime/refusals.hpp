/* What analytics_ingest_kafka says of refused records, as numbers: an array of one object a reason, of which reason and
 * count are read. The text is the database's own jsonb, so one that does not follow is no refusals, not an error. */
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace analytics::runtime {

[[nodiscard]] std::vector<std::pair<std::string, std::int64_t>> counts_by_reason(std::string_view refusals);

} // namespace analytics::runtime
