#include "publish_feeds.hpp"

#include "../backoff.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <utility>

namespace analytics::ingestor {
namespace {

struct PublishedFeed {
    FeedClaim claim;
    std::unique_ptr<FeedWorker> worker; // nothing: the feed has stopped, or must wait
    std::optional<Time> begin_again;    // after it was fenced
    std::string fault;                  // that was reported
};

/* What a worker was begun with, and what does not change while it publishes. */
bool is_same(const FeedClaim &one, const FeedClaim &other)
{
    return one.epoch == other.epoch && one.generation == other.generation && one.every == other.every &&
           one.topic == other.topic;
}

/* Of a message that is too large: publishing everything again would meet it again. */
bool has_advice(std::string_view fault)
{
    return fault.find("analytics_republish_feed(") != std::string_view::npos;
}

class FeedsPublishing {
public:
    FeedsPublishing(FeedClaims &claims, const BeginFeed &begin, const FeedRefusal &refusal, Clock &clock,
                    const std::stop_token &stop, runtime::Observer &observe, const PublishFeedsOptions &options)
        : claims_(claims), begin_(begin), refusal_(refusal), clock_(clock), stop_(stop), observe_(observe),
          options_(options), backoff_(options.first_pause, options.longest_pause, options.seed)
    {
    }

    void operator()()
    {
        while (!stop_.stop_requested()) {
            prepare();
            const auto failure = turn();
            if (stop_.stop_requested()) break;
            report(failure ? failure : unprepared_);
            if (failure) {
                clock_.wait(clock_.now() + backoff_.next(), stop_);
                continue;
            }
            backoff_.reset();
            clock_.wait(clock_.now() + (has_feeds_ ? options_.tick_every : options_.look_again), stop_);
        }
        const bool had_feeds = !feeds_.empty();
        for (const auto &[name, feed] : feeds_)
            if (feed.worker) feed.worker->request_stop(); // all at once
        feeds_.clear();
        if (had_feeds) claims_.release();
    }

private:
    /* Other feeds do not wait for it. */
    void prepare()
    {
        if (is_prepared_ || clock_.now() < prepare_at_) return;
        unprepared_ = claims_.prepare();
        is_prepared_ = !unprepared_;
        prepare_at_ = clock_.now() + options_.prepare_again;
    }

    void report(const std::optional<Failure> &failure)
    {
        if (!failure) {
            if (std::exchange(is_unavailable_, false)) observe_(event::FeedsRecovered{});
        } else if (!std::exchange(is_unavailable_, true)) {
            observe_(event::FeedsUnavailable{
                .sqlstate = failure->sqlstate, .message = failure->message, .hint = failure->hint});
        }
    }

    std::optional<Failure> turn()
    {
        auto answer = has_feeds_ ? claims_.tick() : claims_.has_feeds();
        if (auto *failure = std::get_if<Failure>(&answer)) return std::move(*failure);
        has_feeds_ = std::get<bool>(answer);
        if (!has_feeds_) {
            release_all();
            return {};
        }
        if (clock_.now() < claim_at_) return {};
        return claim();
    }

    std::optional<Failure> claim()
    {
        auto answer = claims_.claim(reports());
        if (auto *failure = std::get_if<Failure>(&answer)) return std::move(*failure);
        auto &claimed = std::get<std::vector<ClaimedFeed>>(answer);
        if (!claimed.empty() && !store_) {
            auto store = claims_.store();
            if (auto *failure = std::get_if<Failure>(&store)) return std::move(*failure);
            store_ = std::move(std::get<FeedStore>(store));
        }
        std::map<std::string, PublishedFeed> before = std::exchange(feeds_, {});
        for (const ClaimedFeed &feed : claimed) {
            PublishedFeed &published = feeds_[feed.claim.name];
            if (const auto known = before.extract(feed.claim.name)) published = std::move(known.mapped());
            update(published, feed);
        }
        for (const auto &[name, lost] : before) observe_(event::FeedReleased{.feed = name});
        claim_at_ = clock_.now() + options_.claim_every;
        return {};
    }

    std::vector<FeedReport> reports() const
    {
        std::vector<FeedReport> reports;
        for (const auto &[name, feed] : feeds_) {
            if (!feed.worker) continue;
            auto [position, fault, is_over] = feed.worker->state();
            reports.push_back({name, feed.claim.generation, std::move(position), std::move(fault)});
        }
        return reports;
    }

    void update(PublishedFeed &feed, const ClaimedFeed &now)
    {
        if (!is_same(feed.claim, now.claim)) {
            feed.worker.reset();
            feed.begin_again.reset();
        }
        feed.claim = now.claim;
        const std::string refused = feed.claim.fault.empty() ? refusal_(feed.claim) : std::string();
        const std::string &fault = refused.empty() ? feed.claim.fault : refused;
        if (fault != feed.fault && !fault.empty())
            observe_(event::FeedStopped{.feed = feed.claim.name,
                                        .message = fault,
                                        .command =
                                            refused.empty() && !has_advice(fault)
                                                ? fmt::format("SELECT analytics_republish_feed('{}');", feed.claim.name)
                                                : std::string()});
        feed.fault = fault;
        if (!fault.empty())
            feed.worker.reset();
        else
            keep_publishing(feed);
        observe_(event::FeedProgress{.feed = feed.claim.name,
                                     .ticks_behind = now.ticks_behind,
                                     .seconds_behind = now.seconds_behind,
                                     .oldest_seconds = now.oldest_seconds,
                                     .is_stopped = !fault.empty()});
    }

    void keep_publishing(PublishedFeed &feed)
    {
        if (feed.worker) {
            const auto state = feed.worker->state();
            if (!state.is_over || !state.fault.empty()) return; // a fault is reported with the next claim
            feed.worker.reset();
            feed.begin_again = clock_.now() + options_.after_fencing;
        }
        if (feed.begin_again && clock_.now() < *feed.begin_again) return;
        feed.begin_again.reset();
        feed.worker = begin_(feed.claim, *store_);
    }

    void release_all()
    {
        for (const auto &[name, feed] : std::exchange(feeds_, {})) observe_(event::FeedReleased{.feed = name});
    }

    FeedClaims &claims_;
    const BeginFeed &begin_;
    const FeedRefusal &refusal_;
    Clock &clock_;
    const std::stop_token &stop_;
    runtime::Observer &observe_;
    const PublishFeedsOptions &options_;
    Backoff backoff_;
    std::map<std::string, PublishedFeed> feeds_; // by name
    std::optional<FeedStore> store_;
    Time claim_at_ = Time::min();
    Time prepare_at_ = Time::min();
    std::optional<Failure> unprepared_; // of the last try
    bool is_prepared_ = false;
    bool has_feeds_ = false;
    bool is_unavailable_ = false;
};

} // namespace

void publish_feeds(FeedClaims &claims, const BeginFeed &begin, const FeedRefusal &refusal, Clock &clock,
                   const std::stop_token &stop, runtime::Observer &observe, const PublishFeedsOptions &options)
{
    FeedsPublishing(claims, begin, refusal, clock, stop, observe, options)();
}

} // namespace analytics::ingestor
