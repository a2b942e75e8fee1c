#include "kafka_dead_letter_topic.hpp"

#include "kafka_conf.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace analytics::ingestor {
namespace {

using runtime::Key;

constexpr int poll_ms = 100;

using Delivery = KafkaDeadLetterTopic::Delivery;

void on_delivery(rd_kafka_t *, const rd_kafka_message_t *message, void *)
{
    static_cast<Delivery *>(message->_private)->end(message->err);
}

/* Neither the broker nor librdkafka will ever accept this message. */
bool is_permanent(rd_kafka_resp_err_t error)
{
    return error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE || error == RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE ||
           error == RD_KAFKA_RESP_ERR_INVALID_RECORD || error == RD_KAFKA_RESP_ERR__INVALID_ARG;
}

} // namespace

KafkaDeadLetterTopic::KafkaDeadLetterTopic(const runtime::Settings &settings)
    : settings_(settings), topic_(settings.text(Key::kafka_dlq_topic))
{
    connect();
}

void KafkaDeadLetterTopic::connect()
{
    Conf conf = producer_conf(settings_);
    rd_kafka_conf_set_dr_msg_cb(conf.get(), on_delivery);
    disable_log(conf.get()); // the delivery reports say what is wrong with the broker
    kafka_.reset(new_client(RD_KAFKA_PRODUCER, std::move(conf)));
}

void KafkaDeadLetterTopic::produce(const DeadLetter &dead_letter, Delivery &delivery)
{
    rd_kafka_headers_t *headers = rd_kafka_headers_new(dead_letter.headers.size());
    for (const auto &[name, value] : dead_letter.headers)
        rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value ? value->data() : nullptr,
                            value ? static_cast<ssize_t>(value->size()) : 0);
    const void *const value = dead_letter.value ? dead_letter.value->data() : nullptr;
    const std::size_t size = dead_letter.value ? dead_letter.value->size() : 0;
    // NOLINTBEGIN(cppcoreguidelines-pro-type-const-cast): it is copied, whatever the type says
    const auto error =
        rd_kafka_producev(kafka_.get(), RD_KAFKA_V_TOPIC(topic_.c_str()), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                          RD_KAFKA_V_KEY(dead_letter.key.data(), dead_letter.key.size()),
                          RD_KAFKA_V_VALUE(const_cast<void *>(value), size), RD_KAFKA_V_HEADERS(headers),
                          RD_KAFKA_V_OPAQUE(&delivery), RD_KAFKA_V_END);
    // NOLINTEND(cppcoreguidelines-pro-type-const-cast)
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return; // the message owns the headers now
    rd_kafka_headers_destroy(headers);
    delivery.end(error);
}

DeliveryReport KafkaDeadLetterTopic::send(std::span<const DeadLetter> dead_letters, const std::stop_token &stop)
{
    if (!kafka_) connect();
    rd_kafka_t *const kafka = kafka_.get();
    std::vector<Delivery> deliveries(dead_letters.size());
    for (std::size_t i = 0; i < dead_letters.size(); ++i) produce(dead_letters[i], deliveries[i]);

    const auto are_all_over = [&] {
        return std::ranges::all_of(deliveries, [](const Delivery &delivery) { return delivery.is_over; });
    };
    for (bool is_purged = false; !are_all_over(); rd_kafka_poll(kafka, poll_ms))
        if (stop.stop_requested() && !is_purged) {
            rd_kafka_purge(kafka, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
            is_purged = true;
        }

    DeliveryReport report;
    for (std::size_t i = 0; i < dead_letters.size(); ++i) {
        const rd_kafka_resp_err_t error = deliveries[i].error;
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
            report.published.push_back(dead_letters[i].id);
        else if (is_permanent(error))
            report.unpublishable.push_back({dead_letters[i].id, rd_kafka_err2str(error)});
        else if (report.fault.empty())
            report.fault = rd_kafka_err2str(error);
    }
    std::array<char, kafka_message_size> text{};
    if (rd_kafka_fatal_error(kafka, text.data(), text.size()) != RD_KAFKA_RESP_ERR_NO_ERROR) kafka_.reset();
    return report;
}

} // namespace analytics::ingestor
