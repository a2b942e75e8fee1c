/* A page of changes from the outbox, as far as a feed wants them, in the order of the feed. PostgreSQL phase.
 *
 * A page looks through most_rows rows of the outbox at most, and unpacks as many as are needed for the changes that are
 * asked for. A row's arrays have an element for each change, of a fixed size and without nulls. So they are read where
 * they lie. */
#pragma once

#include "feed_answer.hpp"
#include "feed_start.hpp"
#include "outbox_rows.hpp"

extern "C" {
#include "utils/uuid.h"
}

#include <optional>
#include <span>

namespace analytics::pg {

struct Change {
    FeedPosition position;
    Noted noted = Noted::put;
    TimestampTz occurred_at = 0; // or of a partition: its start
    TimestampTz end = 0;         // of a partition
    pg_uuid_t id{};
    Datum event_type = 0;
    NullableDatum tenant = null_datum;
};

struct OutboxPage {
    std::span<const Change> changes;
    FeedPosition end{0}; // all up to here is read
};

/** What follows the start, at most so many changes. SPI must be connected: the page lives in its memory. */
OutboxPage read_outbox(const ExtensionSchema &schema, const FeedStart &start, std::int32_t max_changes);

} // namespace analytics::pg
