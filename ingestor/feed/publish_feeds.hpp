/* Makes ticks while there are feeds, and publishes those that this process claims: a worker each. Without feeds the
 * database is asked one cheap question every few seconds.
 *
 * Ticks serve every reader of feeds, also over HTTP, so all ingestors make them; where one has just made a tick, the
 * others find nothing to do. While the database is away, workers go on as far as they can. */
#pragma once

#include "../../runtime/observe.hpp"
#include "../clock.hpp"
#include "claims.hpp"
#include "progress.hpp"

#include <functional>

namespace analytics::ingestor {

/** Publishes a feed until it is destroyed. */
class FeedWorker {
public:
    virtual ~FeedWorker() = default;
    [[nodiscard]] virtual FeedProgress::State state() const = 0;
    /** It ends soon; the destructor waits for that. */
    virtual void request_stop() = 0;
};

using BeginFeed = std::function<std::unique_ptr<FeedWorker>(const FeedClaim &claim, const FeedStore &store)>;
/** Why this process must not publish the feed; empty: it may. */
using FeedRefusal = std::function<std::string(const FeedClaim &claim)>;

struct PublishFeedsOptions {
    Milliseconds look_again{5'000}; // without feeds
    Milliseconds tick_every{250};
    Milliseconds claim_every{1'000};
    Milliseconds prepare_again{10'000};
    Milliseconds after_fencing{3'000}; // before the same feed is tried again
    Milliseconds first_pause{200};
    Milliseconds longest_pause{10'000};
    std::uint64_t seed = 0; // of the pauses' jitter
};

/** Until a stop is requested. */
void publish_feeds(FeedClaims &claims, const BeginFeed &begin, const FeedRefusal &refusal, Clock &clock,
                   const std::stop_token &stop, runtime::Observer &observe, const PublishFeedsOptions &options);

} // namespace analytics::ingestor
