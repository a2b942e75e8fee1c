#include "kafka_handle.hpp"

#include "kafka_probe.hpp"

#include <array>
#include <syslog.h>
#include <utility>

namespace analytics::ingestor {

using runtime::Key;

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

KafkaConsumer::Handle::Handle(const runtime::Settings &given, runtime::Observer &observer)
    : settings(given), observe(observer), topics(settings.text(Key::kafka_topic)),
      group(settings.text(Key::kafka_consumer_group)), advice(authentication_advice(settings)),
      is_debugging(is_given(settings, "debug"))
{
    Conf conf = consumer_conf(settings);
    rd_kafka_conf_set_opaque(conf.get(), this);
    rd_kafka_conf_set_rebalance_cb(conf.get(), on_rebalance);
    rd_kafka_conf_set_error_cb(conf.get(), on_error);
    rd_kafka_conf_set_log_cb(conf.get(), on_log);
    kafka = new_client(RD_KAFKA_CONSUMER, std::move(conf));
    rd_kafka_poll_set_consumer(kafka);
    polled.reset(rd_kafka_queue_get_consumer(kafka));
    fetching.emplace(kafka);
}

KafkaConsumer::Handle::~Handle()
{
    message.reset();
    polled.reset();
    if (kafka != nullptr) rd_kafka_destroy_flags(kafka, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

// ---- callbacks ---------------------------------------------------------------------------------------------------

void KafkaConsumer::Handle::on_rebalance(rd_kafka_t *rk, rd_kafka_resp_err_t err,
                                         rd_kafka_topic_partition_list_t *partitions, void *self)
{
    auto &handle = *static_cast<Handle *>(self);
    if (err == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        handle.answered();
        Assigned assigned;
        for (int i = 0; i < partitions->cnt; ++i)
            assigned.partitions.push_back({partitions->elems[i].topic, partitions->elems[i].partition});
        handle.events.emplace_back(std::move(assigned));
    } else {
        if (err != RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS) handle.notice(rd_kafka_err2str(err));
        handle.events.emplace_back(Revoked{rd_kafka_assignment_lost(rk) != 0});
    }
    rd_kafka_yield(rk); // the poll returns at once
}

void KafkaConsumer::Handle::on_error(rd_kafka_t *rk, int err, const char *reason, void *self)
{
    auto &handle = *static_cast<Handle *>(self);
    const auto code = static_cast<rd_kafka_resp_err_t>(err);
    if (code == RD_KAFKA_RESP_ERR__FATAL) {
        std::array<char, kafka_message_size> text{};
        rd_kafka_fatal_error(rk, text.data(), text.size());
        handle.events.emplace_back(FatalError{text.data()});
        rd_kafka_yield(rk);
    } else if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) { // says how many brokers; the last error says why
        const std::string &why = handle.last_error;
        if (!std::exchange(handle.is_unavailable, true))
            handle.observe(event::KafkaUnavailable{.message = why.empty() ? std::string_view(reason) : why});
    } else {
        handle.last_error = reason;
        handle.is_refused = code == RD_KAFKA_RESP_ERR__AUTHENTICATION || code == RD_KAFKA_RESP_ERR__SSL;
        if (code == RD_KAFKA_RESP_ERR__AUTHENTICATION) handle.last_error += handle.advice;
        if (code != RD_KAFKA_RESP_ERR__TRANSPORT && code != RD_KAFKA_RESP_ERR__RESOLVE) // on_log reports those
            handle.notice(handle.last_error);
    }
}

/* From any of librdkafka's threads. */
void KafkaConsumer::Handle::on_log(const rd_kafka_t *rk, int severity, const char *facility, const char *message)
{
    const auto &handle = *static_cast<const Handle *>(rd_kafka_opaque(rk));
    if (severity <= LOG_WARNING || handle.is_debugging)
        handle.observe(event::KafkaNotice{.facility = facility, .message = message});
}

// ---- what poll returns -------------------------------------------------------------------------------------------

PollResult KafkaConsumer::Handle::result()
{
    const PartitionView partition(rd_kafka_topic_name(message->rkt), message->partition);
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) return EndOfPartition{partition, message->offset};

    answered();
    fetching->took(*message);
    Record record{partition, message->offset, kafka_bytes(message->payload, message->len),
                  kafka_bytes(message->key, message->key_len)};
    rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    const std::int64_t timestamp = rd_kafka_message_timestamp(message.get(), &type);
    if (type != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE) record.timestamp_ms = timestamp;

    headers.clear();
    rd_kafka_headers_t *list = nullptr;
    if (rd_kafka_message_headers(message.get(), &list) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        const char *name = nullptr;
        const void *value = nullptr;
        std::size_t size = 0;
        for (std::size_t i = 0; rd_kafka_header_get_all(list, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
             ++i)
            headers.push_back({name, kafka_bytes(value, size)});
    }
    record.headers = headers;
    return record;
}

PollResult KafkaConsumer::Handle::error()
{
    const std::string text = rd_kafka_message_errstr(message.get());
    if (message->err == RD_KAFKA_RESP_ERR__FATAL) return FatalError{text};
    if (message->rkt != nullptr && loses_records(message->err))
        return UnreadablePartition{{rd_kafka_topic_name(message->rkt), message->partition}, message->offset, text};
    notice(text);
    return Nothing{};
}

// ---- what is known of the brokers, and what is paused ------------------------------------------------------------

void KafkaConsumer::Handle::notice(std::string_view text)
{
    if (last_notice == text) return;
    last_notice = text;
    observe(event::KafkaNotice{.message = text});
}

void KafkaConsumer::Handle::answered()
{
    last_notice.clear();
    if (std::exchange(is_unavailable, false)) observe(event::KafkaRecovered{});
}

void KafkaConsumer::Handle::pause(std::span<const StartOffset> partitions)
{
    std::vector<StartOffset> fresh;
    for (const StartOffset &start : partitions)
        if (paused.insert(start.partition).second) fresh.push_back(start);
    if (!fresh.empty()) rd_kafka_pause_partitions(kafka, list_of(fresh).get());
}

void KafkaConsumer::Handle::resume()
{
    std::vector<StartOffset> partitions;
    for (const Partition &partition : paused)
        if (!stopped.contains(partition)) partitions.push_back({partition, RD_KAFKA_OFFSET_INVALID});
    for (const StartOffset &start : partitions) paused.erase(start.partition);
    if (!partitions.empty()) rd_kafka_resume_partitions(kafka, list_of(partitions).get());
}

} // namespace analytics::ingestor
