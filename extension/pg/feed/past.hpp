/* Reading a feed in the past: the events that have not changed since the tick at which the reader began, in the order
 * of their keys. */
#pragma once

#include "feed_answer.hpp"
#include "feed_start.hpp"

namespace analytics::pg {

/** SPI must be connected. */
void put_past(FeedAnswer &answer, const ExtensionSchema &schema, const FeedStart &start, std::int32_t max_rows);

} // namespace analytics::pg
