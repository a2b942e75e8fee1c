/* Copies dead letters into the dead-letter topic, beside the loop that reads events and never in its way: with a
 * thread, a connection and a producer of its own.
 *
 * Lock some dead letters, send them, wait for the broker's answer, mark them: all in one transaction of the
 * database. After a crash they are sent again, so the topic has every dead letter at least once, in the order of
 * their ids. One publisher of all ingestors works at a time; a lock in the database sees to that. While the broker
 * or the database is away, it is tried again with growing pauses, and that is reported once. A dead letter that the
 * broker will never accept is marked as unpublishable and delays no other. Memory is bounded by what the database
 * returns at once (4 MiB and a dead letter). */
#pragma once

#include "../runtime/observe.hpp"
#include "clock.hpp"
#include "dead_letter.hpp"

namespace analytics::ingestor {

struct PublishOptions {
    Milliseconds idle_pause{1'000}; // after there was nothing to publish
    Milliseconds first_pause{200};
    Milliseconds longest_pause{10'000};
    std::uint64_t seed = 0; // of the pauses' jitter
};

/** Until a stop is requested. */
void publish_dead_letters(DeadLetterStore &store, DeadLetterTopic &topic, Clock &clock, const std::stop_token &stop,
                          runtime::Observer &observe, const PublishOptions &options);

} // namespace analytics::ingestor
