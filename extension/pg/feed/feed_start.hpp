/* Where a reader of a feed begins, and what the feed wants. PostgreSQL phase. */
#pragma once

#include "../border/saved_statement.hpp"

#include <cstdint>

namespace analytics::pg {

struct FeedStart {
    NullableDatum event_types = null_datum; // text[], or null for all
    NullableDatum tenant = null_datum;      // text, or null for all
    std::int64_t last_tick = 0;
    std::int64_t tick = 0;
    std::int64_t number = 0; // of the outbox, and the index in its row
    std::int32_t index = 0;
    NullableDatum time = null_datum; // the key in the past; null at its beginning
    NullableDatum id = null_datum;
    bool is_past = false;
    bool is_of_events = false;
    bool is_of_dead_letters = false;
    bool is_paused = false;
};

/** The answer of _analytics_feed_start, which raises the errors of analytics_read_feed. SPI must be connected. */
FeedStart feed_start(const ExtensionSchema &schema, const NullableDatum &name, const NullableDatum &after);

} // namespace analytics::pg
