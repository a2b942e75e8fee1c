#include "check_feeds.hpp"

#include "../kafka_conf.hpp"
#include "kafka_position.hpp"
#include "sql_feed_claims.hpp"
#include "topic_settings.hpp"

#include <fmt/format.h>

namespace analytics::ingestor {
namespace {

constexpr int timeout_ms = 10'000;

using Kafka = std::unique_ptr<rd_kafka_t, Freed<rd_kafka_destroy>>;

std::string text_of(const Error &error)
{
    return error ? rd_kafka_error_string(error.get()) : std::string();
}

/* All that publishing asks of Kafka, short of a message. */
class KafkaRehearsal {
public:
    KafkaRehearsal(const runtime::Settings &settings, std::string id)
        : id_(std::move(id)),
          kafka_(new_client(RD_KAFKA_PRODUCER, feed_producer_conf(settings, id_, QueuedMessages::events))),
          reader_(new_client(RD_KAFKA_CONSUMER, feed_reader_conf(settings, id_, true)))
    {
    }

    /** Why transactions fail; empty: they do not. */
    std::string begin()
    {
        const Error error(rd_kafka_init_transactions(kafka_.get(), timeout_ms));
        return error ? fmt::format("transactional id \"{}\": {}", id_, text_of(error)) : std::string();
    }

    /** A topic's partitions, or why they are unknown. A producer's question would make the topic. */
    [[nodiscard]] std::variant<int, std::string> partitions(const std::string &topic) const
    {
        return partitions_of(reader_.get(), topic, timeout_ms);
    }

    /** Why the position of this topic can't be committed; empty: it can. */
    std::string commit_nothing(const std::string &topic)
    {
        if (const Error error(rd_kafka_begin_transaction(kafka_.get())); error) return text_of(error);
        const List list = position_of(topic);
        list->elems[0].offset = 0;
        const GroupMetadata group(rd_kafka_consumer_group_metadata_new(id_.c_str()));
        const Error refused(rd_kafka_send_offsets_to_transaction(kafka_.get(), list.get(), group.get(), timeout_ms));
        const Error unfinished(rd_kafka_abort_transaction(kafka_.get(), timeout_ms));
        if (refused) return fmt::format(R"(group "{}", topic "{}": {})", id_, topic, text_of(refused));
        return text_of(unfinished);
    }

    [[nodiscard]] bool is_compacted(const std::string &topic) const
    {
        const auto found = topic_settings(kafka_.get(), topic, std::chrono::milliseconds(timeout_ms));
        return found && found->is_compacted;
    }

private:
    std::string id_;
    Kafka kafka_;
    Reader reader_;
};

class FeedsCheck {
public:
    FeedsCheck(const runtime::Settings &settings, runtime::Observer &observe) : settings_(settings), observe_(observe)
    {
    }

    bool operator()()
    {
        SqlFeedClaims claims(settings_, {}, observe_);
        auto rehearsed = claims.rehearse();
        if (const auto *failure = std::get_if<Failure>(&rehearsed)) return refused(*failure);
        const auto &feeds = std::get<std::vector<FeedToCheck>>(rehearsed);
        if (feeds.empty()) return true;
        auto store = claims.store();
        if (const auto *failure = std::get_if<Failure>(&store)) return refused(*failure);
        // No feed's name has a blank or a slash, so this is no feed's id.
        KafkaRehearsal kafka(settings_, kafka_id_of(std::get<FeedStore>(store), "/check"));
        if (const std::string fault = kafka.begin(); !fault.empty()) return refused(fault);
        bool is_well = true;
        for (const FeedToCheck &feed : feeds)
            if (const std::string fault = check(kafka, feed); !fault.empty())
                is_well = refused(fmt::format("feed \"{}\": {}", feed.name, fault));
        return is_well;
    }

private:
    std::string check(KafkaRehearsal &kafka, const FeedToCheck &feed)
    {
        const auto partitions = kafka.partitions(feed.topic);
        if (const auto *fault = std::get_if<std::string>(&partitions)) return *fault;
        if (std::string fault = kafka.commit_nothing(feed.topic); !fault.empty()) return fault;
        observe_(event::FeedChecked{.feed = feed.name,
                                    .topic = feed.topic,
                                    .partitions = std::get<int>(partitions),
                                    .publisher = feed.claimed_by,
                                    .heartbeat_seconds = feed.claimed_seconds});
        if (!feed.fault.empty()) doubt(feed, "it has stopped: " + feed.fault);
        if (!feed.key.empty() && feed.key != "id" && kafka.is_compacted(feed.topic))
            doubt(feed, fmt::format("its topic is compacted, and its key is \"{}\": Kafka refuses messages without a "
                                    "key, and keeps one event of each key",
                                    feed.key));
        return {};
    }

    void doubt(const FeedToCheck &feed, const std::string &message)
    {
        observe_(event::FeedDoubtful{.feed = feed.name, .topic = feed.topic, .message = message});
    }

    bool refused(const Failure &failure)
    {
        observe_(event::DependencyUnreachable{.dependency = "postgresql",
                                              .sqlstate = failure.sqlstate,
                                              .message = "feeds: " + failure.message,
                                              .hint = failure.hint.empty() ? std::optional<std::string_view>()
                                                                           : failure.hint});
        return false;
    }

    bool refused(const std::string &message)
    {
        observe_(event::DependencyUnreachable{.dependency = "kafka", .message = message});
        return false;
    }

    const runtime::Settings &settings_;
    runtime::Observer &observe_;
};

} // namespace

bool check_feeds(const runtime::Settings &settings, runtime::Observer &observe)
{
    return !wants_feeds(settings) || FeedsCheck(settings, observe)();
}

} // namespace analytics::ingestor
