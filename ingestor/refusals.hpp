/* The refusals that analytics_ingest_kafka returns, as counts: a JSON array of one object a reason, of which reason
 * and count are read. The text is the database's own jsonb, so a text of another form means no refusals, and is no
 * error. */
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace analytics::ingestor {

[[nodiscard]] std::vector<std::pair<std::string, std::int64_t>> counts_by_reason(std::string_view refusals);

} // namespace analytics::ingestor
