/* What librdkafka notes for KafkaConsumer in callbacks, what a poll makes of messages and errors, what is paused. */
#include "kafka_consumer.hpp"

#include "kafka_probe.hpp"

#include <array>
#include <syslog.h>
#include <utility>

namespace analytics::ingestor {

// ---- callbacks ---------------------------------------------------------------------------------------------------

void KafkaConsumer::on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *partitions,
                                 void *self)
{
    auto &consumer = *static_cast<KafkaConsumer *>(self);
    if (err == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        consumer.answered();
        Assigned assigned;
        for (int i = 0; i < partitions->cnt; ++i)
            assigned.partitions.push_back({partitions->elems[i].topic, partitions->elems[i].partition});
        consumer.events_.emplace_back(std::move(assigned));
    } else {
        if (err != RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS) consumer.notice(rd_kafka_err2str(err));
        consumer.events_.emplace_back(Revoked{rd_kafka_assignment_lost(rk) != 0});
    }
    rd_kafka_yield(rk); // the poll returns at once
}

void KafkaConsumer::on_error(rd_kafka_t *rk, int err, const char *reason, void *self)
{
    auto &consumer = *static_cast<KafkaConsumer *>(self);
    const auto code = static_cast<rd_kafka_resp_err_t>(err);
    if (code == RD_KAFKA_RESP_ERR__FATAL) {
        std::array<char, kafka_message_size> text{};
        rd_kafka_fatal_error(rk, text.data(), text.size());
        consumer.events_.emplace_back(FatalError{text.data()});
        rd_kafka_yield(rk);
    } else if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) { // says how many brokers; the last error says why
        const std::string &why = consumer.last_error_;
        if (!std::exchange(consumer.is_unavailable_, true))
            consumer.observe_(event::KafkaUnavailable{.message = why.empty() ? std::string_view(reason) : why});
    } else {
        consumer.last_error_ = reason;
        consumer.is_refused_ = code == RD_KAFKA_RESP_ERR__AUTHENTICATION || code == RD_KAFKA_RESP_ERR__SSL;
        if (code == RD_KAFKA_RESP_ERR__AUTHENTICATION) consumer.last_error_ += consumer.advice_;
        if (code != RD_KAFKA_RESP_ERR__TRANSPORT && code != RD_KAFKA_RESP_ERR__RESOLVE) // on_log reports those
            consumer.notice(consumer.last_error_);
    }
}

/* From any of librdkafka's threads. */
void KafkaConsumer::on_log(const rd_kafka_t *rk, int severity, const char *facility, const char *message)
{
    const auto &consumer = *static_cast<const KafkaConsumer *>(rd_kafka_opaque(rk));
    if (severity <= LOG_WARNING || consumer.is_debugging_)
        consumer.observe_(event::KafkaNotice{.facility = facility, .message = message});
}

// ---- what poll returns -------------------------------------------------------------------------------------------

PollResult KafkaConsumer::result()
{
    const PartitionView partition(rd_kafka_topic_name(message_->rkt), message_->partition);
    if (message_->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) return EndOfPartition{partition, message_->offset};

    answered();
    fetching_->took(*message_);
    Record record{partition, message_->offset, kafka_bytes(message_->payload, message_->len),
                  kafka_bytes(message_->key, message_->key_len)};
    rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    const std::int64_t timestamp = rd_kafka_message_timestamp(message_.get(), &type);
    if (type != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE) record.timestamp_ms = timestamp;

    headers_.clear();
    rd_kafka_headers_t *list = nullptr;
    if (rd_kafka_message_headers(message_.get(), &list) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        const char *name = nullptr;
        const void *value = nullptr;
        std::size_t size = 0;
        for (std::size_t i = 0; rd_kafka_header_get_all(list, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
             ++i)
            headers_.push_back({name, kafka_bytes(value, size)});
    }
    record.headers = headers_;
    return record;
}

PollResult KafkaConsumer::error()
{
    const std::string text = rd_kafka_message_errstr(message_.get());
    if (message_->err == RD_KAFKA_RESP_ERR__FATAL) return FatalError{text};
    if (message_->rkt != nullptr && loses_records(message_->err))
        return UnreadablePartition{{rd_kafka_topic_name(message_->rkt), message_->partition}, message_->offset, text};
    notice(text);
    return Nothing{};
}

// ---- what is known of the brokers, and what is paused ------------------------------------------------------------

void KafkaConsumer::notice(std::string_view text)
{
    if (last_notice_ == text) return;
    last_notice_ = text;
    observe_(event::KafkaNotice{.message = text});
}

void KafkaConsumer::answered()
{
    last_notice_.clear();
    if (std::exchange(is_unavailable_, false)) observe_(event::KafkaRecovered{});
}

void KafkaConsumer::pause(std::span<const StartOffset> partitions)
{
    std::vector<StartOffset> fresh;
    for (const StartOffset &start : partitions)
        if (paused_.insert(start.partition).second) fresh.push_back(start);
    if (!fresh.empty()) rd_kafka_pause_partitions(kafka_, list_of(fresh).get());
}

void KafkaConsumer::resume()
{
    std::vector<StartOffset> partitions;
    for (const Partition &partition : paused_)
        if (!stopped_.contains(partition)) partitions.push_back({partition, RD_KAFKA_OFFSET_INVALID});
    for (const StartOffset &start : partitions) paused_.erase(start.partition);
    if (!partitions.empty()) rd_kafka_resume_partitions(kafka_, list_of(partitions).get());
}

} // namespace analytics::ingestor
