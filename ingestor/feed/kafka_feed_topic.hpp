/* The FeedTopic that librdkafka drives, with a transactional producer. Its transactional id and its group are made of
 * the feed's name and the store's, so all publishers of a feed have the same ones. */
#pragma once

#include "../../runtime/setting.hpp"
#include "../clock.hpp"
#include "../kafka_conf.hpp"
#include "feed.hpp"

#include <stop_token>

namespace analytics::ingestor {

class KafkaFeedTopic final : public FeedTopic {
public:
    /** A stop is heeded within some seconds. */
    KafkaFeedTopic(const runtime::Settings &settings, std::string topic, std::string id, std::stop_token stop,
                   QueuedMessages queued);

    std::variant<std::optional<std::string>, FeedFault> committed() override;
    std::optional<FeedFault> open() override;
    std::optional<FeedFault> send(const FeedPage &page) override;
    std::optional<FeedFault> commit(std::int64_t offset, const std::string &text) override;
    void close() override;

private:
    void note_undelivered(const rd_kafka_message_t &message);
    void note_refused(std::string_view position, std::size_t bytes, rd_kafka_resp_err_t error);
    template <class Call> std::optional<FeedFault> repeat(Call call);
    FeedFault fault_of(const rd_kafka_error_t *error);
    FeedFault refusal();
    std::variant<int, FeedFault> partitions();
    rd_kafka_resp_err_t produce(const FeedMessage &message, int partition);
    std::optional<FeedFault> begin();

    const runtime::Settings &settings_;
    std::string topic_;
    std::string id_;
    std::stop_token stop_;
    QueuedMessages queued_;
    std::unique_ptr<rd_kafka_t, Freed<rd_kafka_destroy>> kafka_;
    bool is_in_transaction_ = false;
    std::string undelivered_; // why the first message was not sent
    std::string refused_;     // the position of a message that the topic never takes
    std::size_t refused_bytes_ = 0;
    rd_kafka_resp_err_t refused_error_ = RD_KAFKA_RESP_ERR_NO_ERROR;
    bool sends_singly_ = false; // no two messages in a batch: because of which one it is refused, nobody says
};

} // namespace analytics::ingestor
