/* Reading a feed after a position: the changes that the outbox has, each answered with the event as it is now. */
#pragma once

#include "feed_answer.hpp"
#include "feed_start.hpp"

namespace analytics::pg {

/** SPI must be connected. */
void put_changes(FeedAnswer &answer, const ExtensionSchema &schema, const FeedStart &start, std::int32_t max_rows);

} // namespace analytics::pg
