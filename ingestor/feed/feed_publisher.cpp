#include "feed_publisher.hpp"

#include "../../runtime/kafka_topics.hpp"
#include "kafka_feed_topic.hpp"
#include "kafka_position.hpp"
#include "publish_feed.hpp"
#include "publish_feeds.hpp"
#include "sql_dead_letter_source.hpp"
#include "sql_feed_claims.hpp"
#include "sql_feed_source.hpp"

#include <exception>
#include <random>
#include <thread>

namespace analytics::ingestor {
namespace {

using runtime::Key;

/* One feed, with a thread, a producer and a connection of its own. */
class FeedThread final : public FeedWorker {
public:
    FeedThread(const runtime::Settings &settings, FeedClaim claim, FeedStore store, runtime::Observer &observe)
        : settings_(settings), claim_(std::move(claim)), store_(std::move(store)), observe_(observe),
          thread_([this](const std::stop_token &stop) { run(stop); })
    {
    }

    [[nodiscard]] FeedProgress::State state() const override { return progress_.state(); }
    void request_stop() override { thread_.request_stop(); }

private:
    void run(const std::stop_token &stop)
    try {
        const auto source = source_of(stop);
        KafkaFeedTopic topic(settings_, claim_.topic, kafka_id_of(store_, claim_.name), stop,
                             claim_.is_of_dead_letters ? QueuedMessages::any : QueuedMessages::events);
        PublishFeedOptions options{.seed = std::random_device()()};
        if (claim_.is_of_dead_letters) options.longest_transaction = {}; // a page may have large ones
        publish_feed(claim_, store_, *source, topic, clock_, stop, observe_, progress_, options);
    } catch (const std::exception &error) { // must not stop the reading of events
        observe_(event::FeedPaused{.feed = claim_.name, .message = error.what()});
        progress_.ended();
    }

    std::unique_ptr<FeedSource> source_of(const std::stop_token &stop)
    {
        if (claim_.is_of_dead_letters)
            return std::make_unique<SqlDeadLetterSource>(settings_, claim_.name, stop, observe_);
        return std::make_unique<SqlFeedSource>(settings_, claim_.name, stop, observe_);
    }

    const runtime::Settings &settings_;
    FeedClaim claim_;
    FeedStore store_;
    runtime::Observer &observe_;
    SteadyClock clock_;
    FeedProgress progress_;
    std::jthread thread_; // last: it uses the others
};

} // namespace

struct FeedPublisher::Parts {
    Parts(const runtime::Settings &of_daemon, runtime::Observer &observer)
        : settings(of_daemon), observe(observer), thread([this](const std::stop_token &stop) { run(stop); })
    {
    }

    void run(const std::stop_token &stop)
    try {
        SqlFeedClaims claims(settings, stop, observe);
        const BeginFeed begin = [this](const FeedClaim &claim, const FeedStore &store) {
            return std::make_unique<FeedThread>(settings, claim, store, observe);
        };
        const FeedRefusal refusal = [this](const FeedClaim &claim) {
            return runtime::is_read(settings.text(Key::kafka_topic), claim.topic)
                       ? std::string("its topic is one of those that this ingestor reads")
                       : std::string();
        };
        publish_feeds(claims, begin, refusal, clock, stop, observe, {.seed = std::random_device()()});
    } catch (const std::exception &error) { // must not stop the reading of events
        observe(event::FeedsUnavailable{.sqlstate = "XX000", .message = error.what()});
    }

    const runtime::Settings &settings;
    runtime::Observer &observe;
    SteadyClock clock;
    std::jthread thread; // last: it uses the others
};

FeedPublisher::FeedPublisher(const runtime::Settings &settings, runtime::Observer &observe)
{
    if (wants_feeds(settings)) parts_ = std::make_unique<Parts>(settings, observe);
}

FeedPublisher::~FeedPublisher() = default;

} // namespace analytics::ingestor
