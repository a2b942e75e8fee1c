#include "kafka_consumer.hpp"

#include "../runtime/kafka_topics.hpp"
#include "gap.hpp"
#include "kafka_probe.hpp"

#include <stdexcept>

namespace analytics::ingestor {
namespace {

constexpr int retry_ms = 500;                 // --check: a refusal need not wait for the whole time-out
constexpr Milliseconds close_deadline{5'000}; // a close that hangs must not delay a stop: the database has the offsets

using runtime::Key;
using CloseError = std::unique_ptr<rd_kafka_error_t, Freed<rd_kafka_error_destroy>>;

} // namespace

List list_of(std::span<const StartOffset> starts)
{
    List list(rd_kafka_topic_partition_list_new(static_cast<int>(starts.size())));
    for (const StartOffset &start : starts)
        rd_kafka_topic_partition_list_add(list.get(), start.partition.topic.c_str(), start.partition.id)->offset =
            start.next_offset;
    return list;
}

std::optional<std::string_view> kafka_bytes(const void *data, std::size_t size)
{
    if (data == nullptr) return {};
    return std::string_view(static_cast<const char *>(data), size);
}

KafkaConsumer::KafkaConsumer(const runtime::Settings &settings, runtime::Observer &observe)
    : settings_(settings), observe_(observe), topics_(settings.text(Key::kafka_topic)),
      group_(settings.text(Key::kafka_consumer_group)), advice_(authentication_advice(settings)),
      is_debugging_(is_given(settings, "debug"))
{
    Conf conf = consumer_conf(settings);
    rd_kafka_conf_set_opaque(conf.get(), this);
    rd_kafka_conf_set_rebalance_cb(conf.get(), on_rebalance);
    rd_kafka_conf_set_error_cb(conf.get(), on_error);
    rd_kafka_conf_set_log_cb(conf.get(), on_log);
    kafka_ = new_client(RD_KAFKA_CONSUMER, std::move(conf));
    rd_kafka_poll_set_consumer(kafka_);
    polled_.reset(rd_kafka_queue_get_consumer(kafka_));
    fetching_.emplace(kafka_);
}

KafkaConsumer::~KafkaConsumer()
{
    message_.reset();
    polled_.reset();
    if (kafka_ != nullptr) rd_kafka_destroy_flags(kafka_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

void KafkaConsumer::subscribe()
{
    const List list(rd_kafka_topic_partition_list_new(1));
    for (const std::string &topic : runtime::topic_items(topics_))
        rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
    if (const auto error = rd_kafka_subscribe(kafka_, list.get()); error != RD_KAFKA_RESP_ERR_NO_ERROR)
        throw std::runtime_error(std::string("cannot subscribe: ") + rd_kafka_err2str(error));
}

std::string KafkaConsumer::reachability_fault(Milliseconds timeout)
{
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    for (;;) {
        const struct rd_kafka_metadata *metadata = nullptr;
        const auto error = rd_kafka_metadata(kafka_, 0, nullptr, &metadata, retry_ms);
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
            rd_kafka_metadata_destroy(metadata);
            return {};
        }
        const Message unread(rd_kafka_consumer_poll(kafka_, 0)); // runs the error callback, which knows more
        if (is_refused_ || std::chrono::steady_clock::now() >= deadline)
            return last_error_.empty() ? rd_kafka_err2str(error) : last_error_;
    }
}

void KafkaConsumer::wake()
{
    const std::lock_guard lock(waking_);
    if (polled_) rd_kafka_queue_yield(polled_.get());
}

PollResult KafkaConsumer::poll(Milliseconds timeout)
{
    message_.reset();
    if (events_.empty()) {
        message_.reset(rd_kafka_consumer_poll(kafka_, static_cast<int>(timeout.count())));
        if (message_) {
            const auto code = message_->err;
            const bool is_news = code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR__PARTITION_EOF;
            return is_news ? result() : error();
        }
    }
    if (events_.empty()) return Nothing{};
    PollResult event = std::move(events_.front());
    events_.pop_front();
    return event;
}

std::optional<Watermarks> KafkaConsumer::watermarks(const Partition &partition)
{
    Watermarks marks;
    const auto error = rd_kafka_query_watermark_offsets(kafka_, partition.topic.c_str(), partition.id, &marks.low,
                                                        &marks.high, kafka_query_timeout_ms);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return marks;
    notice(rd_kafka_err2str(error));
    return {};
}

std::optional<std::int64_t> KafkaConsumer::last_high_watermark(const Partition &partition)
{
    std::int64_t low = RD_KAFKA_OFFSET_INVALID;
    std::int64_t high = RD_KAFKA_OFFSET_INVALID;
    const auto error = rd_kafka_get_watermark_offsets(kafka_, partition.topic.c_str(), partition.id, &low, &high);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR || high < 0) return {};
    return high;
}

std::optional<std::int64_t> KafkaConsumer::readable_after(const Partition &partition, std::int64_t offset,
                                                          std::int64_t error_offset, std::int64_t end)
{
    KafkaProbe probe(settings_);
    return end_of_unreadable(offset, end,
                             [&](std::int64_t at) { return probe.is_unreadable(partition, at, error_offset); });
}

void KafkaConsumer::assign(std::span<const StartOffset> starts)
{
    stopped_.clear();
    resume(); // a pause would outlive the assignment
    assigned_.assign(starts.begin(), starts.end());
    if (const auto error = rd_kafka_assign(kafka_, list_of(starts).get()); error != RD_KAFKA_RESP_ERR_NO_ERROR)
        notice(rd_kafka_err2str(error));
}

void KafkaConsumer::unassign()
{
    stopped_.clear();
    resume();
    assigned_.clear();
    rd_kafka_assign(kafka_, nullptr);
}

void KafkaConsumer::stop(const Partition &partition)
{
    stopped_.insert(partition);
    const StartOffset start{partition, RD_KAFKA_OFFSET_INVALID};
    pause({&start, 1});
}

void KafkaConsumer::pause()
{
    pause(assigned_);
}

void KafkaConsumer::close()
{
    message_.reset();
    {
        const std::lock_guard lock(waking_);
        polled_.reset();
    }
    rd_kafka_unsubscribe(kafka_); // or a rejoin under way subscribes after the end, and destroying asserts
    const Queue queue(rd_kafka_queue_new(kafka_));
    const CloseError refused(rd_kafka_consumer_close_queue(kafka_, queue.get()));
    if (refused) return;

    const auto deadline = std::chrono::steady_clock::now() + close_deadline;
    while (rd_kafka_consumer_closed(kafka_) == 0 && std::chrono::steady_clock::now() < deadline) {
        const Message rest(rd_kafka_consume_queue(queue.get(), 100)); // runs the rebalance callback, too
        if (!events_.empty()) unassign();
        events_.clear();
    }
    if (rd_kafka_consumer_closed(kafka_) == 0) {
        notice("leaving the group took too long");
        kafka_ = nullptr; // destroying it might hang as well, and the process ends here
    }
}

} // namespace analytics::ingestor
