/* Publishes one feed: reads a page, sends it, and reads the next one meanwhile. The pages that were sent are committed
 * together with the position behind them, when there is nothing more to read or some time has passed. Whatever their
 * number, a transaction is a piece of the feed and the position at its end. All that is kept is in Kafka, so after any
 * fault it begins again: with a new producer, which ends the earlier one's transaction, and with the position that is
 * committed then.
 *
 *     a fault that may pass     tried again, with growing pauses; reported once
 *     fenced                    another publisher has the feed: this one ends
 *     refused                   the topic never takes this message, which is sure once it fails in a transaction of its
 *                               own: the feed goes on without it if its source may skip it, else it halts
 *     halted                    changes would be missing (the position is too old, or not of this database): it ends,
 *                               and the feed stops until an operator has decided
 *
 * The first transaction after a fault has one page, so that a broker too slow for more gets on. Memory is bounded by
 * two pages and the producer's queue; a page has 4 MiB, and the message that passes them. */
#pragma once

#include "../../runtime/observe.hpp"
#include "../clock.hpp"
#include "feed.hpp"
#include "progress.hpp"

namespace analytics::ingestor {

struct PublishFeedOptions {
    Milliseconds first_pause{200};
    Milliseconds longest_pause{10'000};
    Milliseconds longest_transaction{500}; // of pages that are sent: consumers of committed messages wait for its end
    Milliseconds commit_again{6 * 3'600'000}; // before Kafka forgets the offset of an idle group
    std::uint64_t seed = 0;                   // of the pauses' jitter
};

/** Until a stop is requested, or the feed is another's. */
void publish_feed(const FeedClaim &claim, const FeedStore &store, FeedSource &source, FeedTopic &topic, Clock &clock,
                  const std::stop_token &stop, runtime::Observer &observe, FeedProgress &progress,
                  const PublishFeedOptions &options);

} // namespace analytics::ingestor
