#include "kafka_feed_topic.hpp"

#include "kafka_position.hpp"
#include "topic_settings.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <fmt/format.h>
#include <utility>

namespace analytics::ingestor {
namespace {

constexpr const char *position_header = "analytics-position"; // as analytics_feed_messages names it
constexpr int slice_ms = 500;                                 // of a call that may be resumed
constexpr int query_ms = 5'000;                               // of a call that may not
constexpr Milliseconds patience{60'000};                      // with one that makes no progress; then all begins again
constexpr Milliseconds stop_budget{3'000};                    // to commit what is sent already

} // namespace

KafkaFeedTopic::KafkaFeedTopic(const runtime::Settings &settings, std::string topic, std::string id,
                               std::stop_token stop, QueuedMessages queued)
    : settings_(settings), topic_(std::move(topic)), id_(std::move(id)), stop_(std::move(stop)), queued_(queued)
{
}

FeedFault KafkaFeedTopic::fault_of(const rd_kafka_error_t *error)
{
    // The report of the message that made the transaction fail comes a moment later than the failure.
    const Time deadline = Time::clock::now() + Milliseconds(slice_ms);
    while (rd_kafka_error_txn_requires_abort(error) != 0 && undelivered_.empty() && Time::clock::now() < deadline)
        rd_kafka_poll(kafka_.get(), slice_ms / 10);
    if (!refused_.empty()) return refusal();
    std::string message = undelivered_.empty() ? rd_kafka_error_string(error) : undelivered_;
    std::array<char, kafka_message_size> text{};
    const rd_kafka_resp_err_t fatal = rd_kafka_fatal_error(kafka_.get(), text.data(), text.size());
    if (fatal != RD_KAFKA_RESP_ERR_NO_ERROR) message = text.data();
    const rd_kafka_resp_err_t code = fatal == RD_KAFKA_RESP_ERR_NO_ERROR ? rd_kafka_error_code(error) : fatal;
    return {code == RD_KAFKA_RESP_ERR__FENCED || code == RD_KAFKA_RESP_ERR_PRODUCER_FENCED ||
                code == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH,
            std::move(message)};
}

FeedFault KafkaFeedTopic::refusal()
{
    sends_singly_ = true;
    std::string why = rd_kafka_err2str(refused_error_);
    if (refused_error_ == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) {
        const auto found = topic_settings(kafka_.get(), topic_, Milliseconds(query_ms));
        why = "more than its max.message.bytes";
        if (found && found->most_bytes) why += fmt::format(", {}", *found->most_bytes);
    }
    return {.is_fenced = false,
            .message = fmt::format(R"(topic "{}" refuses the message at {}, which has {} bytes: {})", topic_, refused_,
                                   refused_bytes_, why),
            .refused = refused_};
}

void KafkaFeedTopic::note_undelivered(const rd_kafka_message_t &message)
{
    if (!undelivered_.empty() || message.err == RD_KAFKA_RESP_ERR_NO_ERROR ||
        message.err == RD_KAFKA_RESP_ERR__PURGE_QUEUE || message.err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT)
        return;
    undelivered_ = fmt::format("a message of {} bytes: {}", message.len, rd_kafka_err2str(message.err));
    rd_kafka_headers_t *headers = nullptr;
    const void *position = nullptr;
    std::size_t size = 0;
    if (rd_kafka_message_headers(&message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR &&
        rd_kafka_header_get_last(headers, position_header, &position, &size) == RD_KAFKA_RESP_ERR_NO_ERROR)
        note_refused({static_cast<const char *>(position), size}, message.len, message.err);
}

/* If neither the broker nor librdkafka will ever take it. */
void KafkaFeedTopic::note_refused(std::string_view position, std::size_t bytes, rd_kafka_resp_err_t error)
{
    const bool is_forever = error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ||
                            error == RD_KAFKA_RESP_ERR_INVALID_RECORD; // as without a key, if the topic is compacted
    if (!is_forever) return;
    refused_ = position;
    refused_bytes_ = bytes;
    refused_error_ = error;
}

/* librdkafka's calls wait long by themselves; in slices a stop is heeded. */
template <class Call> std::optional<FeedFault> KafkaFeedTopic::repeat(Call call)
{
    Time deadline = Time::clock::now() + patience;
    for (bool is_stopping = false;;) {
        const Error error(call());
        if (!error) return {};
        if (stop_.stop_requested() && !std::exchange(is_stopping, true))
            deadline = std::min(deadline, Time::clock::now() + stop_budget);
        if (rd_kafka_error_is_retriable(error.get()) == 0 || Time::clock::now() > deadline)
            return fault_of(error.get());
        rd_kafka_poll(kafka_.get(), slice_ms / 10);
    }
}

std::variant<std::optional<std::string>, FeedFault> KafkaFeedTopic::committed()
{
    // Once the producer is open, nothing of an earlier one's transaction is pending for long; before, it may be.
    const Reader reader(new_client(RD_KAFKA_CONSUMER, feed_reader_conf(settings_, id_, kafka_ != nullptr)));
    const Time deadline = Time::clock::now() + Milliseconds(4L * query_ms);
    for (;;) {
        const List list = position_of(topic_);
        auto error = rd_kafka_committed(reader.get(), list.get(), query_ms / 5);
        const rd_kafka_topic_partition_t &position = list->elems[0];
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR) error = position.err;
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
            if (position.offset < 0) return std::optional<std::string>();
            return std::optional(std::string(static_cast<const char *>(position.metadata), position.metadata_size));
        }
        // A broker that has just started, or taken a coordinator over, loads it first.
        const bool may_pass =
            error == RD_KAFKA_RESP_ERR__TIMED_OUT || error == RD_KAFKA_RESP_ERR__WAIT_COORD ||
            error == RD_KAFKA_RESP_ERR__TRANSPORT || error == RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT ||
            error == RD_KAFKA_RESP_ERR_NOT_COORDINATOR || error == RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE ||
            error == RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS;
        if (!may_pass || stop_.stop_requested() || Time::clock::now() > deadline)
            return FeedFault{false, rd_kafka_err2str(error)};
        rd_kafka_poll(reader.get(), slice_ms / 10);
    }
}

std::optional<FeedFault> KafkaFeedTopic::open()
{
    Conf conf = feed_producer_conf(settings_, id_, queued_);
    rd_kafka_conf_set_opaque(conf.get(), this);
    rd_kafka_conf_set_dr_msg_cb(conf.get(), [](rd_kafka_t *, const rd_kafka_message_t *message, void *self) {
        static_cast<KafkaFeedTopic *>(self)->note_undelivered(*message);
    });
    if (sends_singly_) rd_kafka_conf_set(conf.get(), "batch.num.messages", "1", nullptr, 0);
    undelivered_.clear();
    refused_.clear();
    kafka_.reset(new_client(RD_KAFKA_PRODUCER, std::move(conf)));
    if (auto fault = repeat([&] { return rd_kafka_init_transactions(kafka_.get(), slice_ms); })) return fault;
    auto found = partitions();
    if (auto *fault = std::get_if<FeedFault>(&found)) return std::move(*fault);
    return {};
}

void KafkaFeedTopic::close()
{
    kafka_.reset();
    is_in_transaction_ = false;
}

std::variant<int, FeedFault> KafkaFeedTopic::partitions()
{
    auto found = partitions_of(kafka_.get(), topic_, query_ms);
    if (auto *fault = std::get_if<std::string>(&found)) return FeedFault{false, std::move(*fault)};
    return std::get<int>(found);
}

rd_kafka_resp_err_t KafkaFeedTopic::produce(const FeedMessage &message, int partition)
{
    rd_kafka_headers_t *headers = rd_kafka_headers_new(message.headers.size());
    for (const auto &[name, value] : message.headers)
        rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value.data(),
                            static_cast<ssize_t>(value.size()));
    const std::string_view key = message.key.value_or(std::string_view());
    const std::string_view value = message.value.value_or(std::string_view());
    // NOLINTBEGIN(cppcoreguidelines-pro-type-const-cast): it is copied, whatever the type says
    const auto error = rd_kafka_producev(
        kafka_.get(), RD_KAFKA_V_TOPIC(topic_.c_str()), RD_KAFKA_V_PARTITION(partition),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key.data(), key.size()),
        RD_KAFKA_V_VALUE(const_cast<char *>(value.data()), value.size()), RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
    // NOLINTEND(cppcoreguidelines-pro-type-const-cast)
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) rd_kafka_headers_destroy(headers); // else the message owns them now
    return error;
}

std::optional<FeedFault> KafkaFeedTopic::begin()
{
    if (is_in_transaction_) return {};
    if (const Error error(rd_kafka_begin_transaction(kafka_.get())); error) return fault_of(error.get());
    is_in_transaction_ = true;
    return {};
}

std::optional<FeedFault> KafkaFeedTopic::send(const FeedPage &page)
{
    if (auto fault = begin()) return fault;
    for (const FeedMessage &message : page.messages) {
        if (message.recipients == Recipients::none) continue;
        const bool is_for_all = message.recipients == Recipients::all;
        int count = 1;
        if (is_for_all) {
            auto found = partitions();
            if (auto *fault = std::get_if<FeedFault>(&found)) return std::move(*fault);
            count = std::get<int>(found);
        }
        for (int partition = 0; partition < count;) {
            const auto error = produce(message, is_for_all ? partition : RD_KAFKA_PARTITION_UA);
            if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
                if (stop_.stop_requested()) return FeedFault{false, rd_kafka_err2str(error)};
                rd_kafka_poll(kafka_.get(), slice_ms);
            } else if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
                note_refused(message.position, message.value.value_or("").size(), error); // librdkafka's own limit
                const Error cause(rd_kafka_error_new(error, "%s", rd_kafka_err2str(error)));
                return fault_of(cause.get());
            } else {
                ++partition;
            }
        }
    }
    return {};
}

std::optional<FeedFault> KafkaFeedTopic::commit(std::int64_t offset, const std::string &text)
{
    if (auto fault = begin()) return fault;
    const List list = position_of(topic_);
    list->elems[0].offset = offset;
    list->elems[0].metadata = strdup(text.c_str()); // the list frees it
    list->elems[0].metadata_size = text.size();
    const GroupMetadata group(rd_kafka_consumer_group_metadata_new(id_.c_str()));
    if (auto fault = repeat(
            [&] { return rd_kafka_send_offsets_to_transaction(kafka_.get(), list.get(), group.get(), query_ms); }))
        return fault;
    auto fault = repeat([&] { return rd_kafka_commit_transaction(kafka_.get(), slice_ms); });
    is_in_transaction_ = false;
    return fault;
}

} // namespace analytics::ingestor
