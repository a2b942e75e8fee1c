#include "kafka_consumer.hpp"

#include "../runtime/kafka_topics.hpp"
#include "gap.hpp"
#include "kafka_handle.hpp"
#include "kafka_probe.hpp"

#include <stdexcept>

namespace analytics::ingestor {
namespace {

constexpr int retry_ms = 500;                 // --check: a refusal need not wait for the whole time-out
constexpr Milliseconds close_deadline{5'000}; // a close that hangs must not delay a stop: the database has the offsets

using CloseError = std::unique_ptr<rd_kafka_error_t, Freed<rd_kafka_error_destroy>>;

} // namespace

KafkaConsumer::KafkaConsumer(const runtime::Settings &settings, runtime::Observer &observe)
    : handle_(std::make_unique<Handle>(settings, observe))
{
}

KafkaConsumer::~KafkaConsumer() = default;

void KafkaConsumer::subscribe()
{
    const List list(rd_kafka_topic_partition_list_new(1));
    for (const std::string &topic : runtime::topic_items(handle_->topics))
        rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
    if (const auto error = rd_kafka_subscribe(handle_->kafka, list.get()); error != RD_KAFKA_RESP_ERR_NO_ERROR)
        throw std::runtime_error(std::string("cannot subscribe: ") + rd_kafka_err2str(error));
}

std::string KafkaConsumer::reachability_fault(Milliseconds timeout)
{
    Handle &handle = *handle_;
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    for (;;) {
        const struct rd_kafka_metadata *metadata = nullptr;
        const auto error = rd_kafka_metadata(handle.kafka, 0, nullptr, &metadata, retry_ms);
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
            rd_kafka_metadata_destroy(metadata);
            return {};
        }
        const Message unread(rd_kafka_consumer_poll(handle.kafka, 0)); // runs the error callback, which knows more
        if (handle.is_refused || std::chrono::steady_clock::now() >= deadline)
            return handle.last_error.empty() ? rd_kafka_err2str(error) : handle.last_error;
    }
}

void KafkaConsumer::wake()
{
    const std::lock_guard lock(handle_->waking);
    if (handle_->polled) rd_kafka_queue_yield(handle_->polled.get());
}

PollResult KafkaConsumer::poll(Milliseconds timeout)
{
    Handle &handle = *handle_;
    handle.message.reset();
    if (handle.events.empty()) {
        handle.message.reset(rd_kafka_consumer_poll(handle.kafka, static_cast<int>(timeout.count())));
        if (handle.message) {
            const auto error = handle.message->err;
            const bool is_news = error == RD_KAFKA_RESP_ERR_NO_ERROR || error == RD_KAFKA_RESP_ERR__PARTITION_EOF;
            return is_news ? handle.result() : handle.error();
        }
    }
    if (handle.events.empty()) return Nothing{};
    PollResult event = std::move(handle.events.front());
    handle.events.pop_front();
    return event;
}

std::optional<Watermarks> KafkaConsumer::watermarks(const Partition &partition)
{
    Watermarks marks;
    const auto error = rd_kafka_query_watermark_offsets(handle_->kafka, partition.topic.c_str(), partition.id,
                                                        &marks.low, &marks.high, kafka_query_timeout_ms);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return marks;
    handle_->notice(rd_kafka_err2str(error));
    return {};
}

std::optional<std::int64_t> KafkaConsumer::last_high_watermark(const Partition &partition)
{
    std::int64_t low = RD_KAFKA_OFFSET_INVALID;
    std::int64_t high = RD_KAFKA_OFFSET_INVALID;
    const auto error =
        rd_kafka_get_watermark_offsets(handle_->kafka, partition.topic.c_str(), partition.id, &low, &high);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR || high < 0) return {};
    return high;
}

std::optional<std::int64_t> KafkaConsumer::readable_after(const Partition &partition, std::int64_t offset,
                                                          std::int64_t error_offset, std::int64_t end)
{
    KafkaProbe probe(handle_->settings);
    return end_of_unreadable(offset, end,
                             [&](std::int64_t at) { return probe.is_unreadable(partition, at, error_offset); });
}

void KafkaConsumer::assign(std::span<const StartOffset> starts)
{
    handle_->stopped.clear();
    handle_->resume(); // a pause would outlive the assignment
    handle_->assigned.assign(starts.begin(), starts.end());
    if (const auto error = rd_kafka_assign(handle_->kafka, list_of(starts).get()); error != RD_KAFKA_RESP_ERR_NO_ERROR)
        handle_->notice(rd_kafka_err2str(error));
}

void KafkaConsumer::unassign()
{
    handle_->stopped.clear();
    handle_->resume();
    handle_->assigned.clear();
    rd_kafka_assign(handle_->kafka, nullptr);
}

void KafkaConsumer::stop(const Partition &partition)
{
    handle_->stopped.insert(partition);
    const StartOffset start{partition, RD_KAFKA_OFFSET_INVALID};
    handle_->pause({&start, 1});
}

void KafkaConsumer::pause()
{
    handle_->pause(handle_->assigned);
}

void KafkaConsumer::resume()
{
    handle_->resume();
}

void KafkaConsumer::close()
{
    Handle &handle = *handle_;
    handle.message.reset();
    {
        const std::lock_guard lock(handle.waking);
        handle.polled.reset();
    }
    rd_kafka_unsubscribe(handle.kafka); // or a rejoin under way subscribes after the end, and destroying asserts
    const Queue queue(rd_kafka_queue_new(handle.kafka));
    const CloseError refused(rd_kafka_consumer_close_queue(handle.kafka, queue.get()));
    if (refused) return;

    const auto deadline = std::chrono::steady_clock::now() + close_deadline;
    while (rd_kafka_consumer_closed(handle.kafka) == 0 && std::chrono::steady_clock::now() < deadline) {
        const Message rest(rd_kafka_consume_queue(queue.get(), 100)); // runs the rebalance callback, too
        if (!handle.events.empty()) unassign();
        handle.events.clear();
    }
    if (rd_kafka_consumer_closed(handle.kafka) == 0) {
        handle.notice("leaving the group took too long");
        handle.kafka = nullptr; // destroying it might hang as well, and the process ends here
    }
}

} // namespace analytics::ingestor
