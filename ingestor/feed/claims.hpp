/* The database's side of all feeds: ticks, and which of them this process publishes. SqlFeedClaims implements it; tests
 * use a fake. */
#pragma once

#include "feed.hpp"

namespace analytics::ingestor {

/** What the publisher of a feed reports. */
struct FeedReport {
    std::string feed;
    std::int64_t generation = 0;
    std::optional<std::string> position;
    std::string fault;
};

struct ClaimedFeed {
    FeedClaim claim;
    std::optional<std::int64_t> ticks_behind; // nothing: unknown
    std::optional<double> seconds_behind;
    std::optional<double> oldest_seconds; // age of the oldest tick that is kept
};

class FeedClaims {
public:
    virtual ~FeedClaims() = default;

    /** Makes what this process is to publish: the feed of the dead-letter topic. */
    virtual std::optional<Failure> prepare() { return {}; }
    /** Whether there is a feed. */
    virtual std::variant<bool, Failure> has_feeds() = 0;
    /** The same, and makes a tick if there is something new. */
    virtual std::variant<bool, Failure> tick() = 0;
    virtual std::variant<FeedStore, Failure> store() = 0;
    /** Claims what nobody publishes, and returns all that this process does. */
    virtual std::variant<std::vector<ClaimedFeed>, Failure> claim(std::span<const FeedReport> reports) = 0;
    /** Gives all of them back. */
    virtual void release() = 0;
};

} // namespace analytics::ingestor
