#include "kafka_probe.hpp"

#include "kafka_conf.hpp"

#include <array>
#include <utility>

namespace analytics::ingestor {
namespace {

/* The loop waits for the probe, and so do the group and the service manager. */
constexpr Milliseconds timeout{20'000};
constexpr int poll_ms = 100;

/* What is fetched is used once: fetch little, and again at once after an error. */
constexpr std::array<std::pair<const char *, const char *>, 4> for_single_fetches{
    {{"fetch.error.backoff.ms", "1"},
     {"fetch.wait.max.ms", "50"},
     {"queued.min.messages", "1"},
     {"fetch.message.max.bytes", "1000"}}};

} // namespace

bool loses_records(rd_kafka_resp_err_t error) noexcept
{
    switch (error) {
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE:
    case RD_KAFKA_RESP_ERR__BAD_MSG:
    case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
    case RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED:
    case RD_KAFKA_RESP_ERR__UNDERFLOW:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
        return true;
    default:
        return false;
    }
}

KafkaProbe::KafkaProbe(const runtime::Settings &settings) : deadline_(Time::clock::now() + timeout)
{
    Conf conf = consumer_conf(settings);
    for (const auto &[name, value] : for_single_fetches) rd_kafka_conf_set(conf.get(), name, value, nullptr, 0);
    disable_log(conf.get());
    kafka_ = new_client(RD_KAFKA_CONSUMER, std::move(conf));
    rd_kafka_poll_set_consumer(kafka_);
}

KafkaProbe::~KafkaProbe()
{
    rd_kafka_destroy_flags(kafka_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

std::optional<bool> KafkaProbe::is_unreadable(const Partition &partition, std::int64_t offset,
                                              std::int64_t error_offset)
{
    const List list(rd_kafka_topic_partition_list_new(1));
    rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(), partition.id)->offset = offset;
    rd_kafka_assign(kafka_, list.get());
    while (Time::clock::now() < deadline_) {
        const Message message(rd_kafka_consumer_poll(kafka_, poll_ms));
        if (!message) continue;
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR || message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
            return false;
        if (message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET) return {};
        if (loses_records(message->err)) return message->offset == error_offset;
    }
    return {};
}

} // namespace analytics::ingestor
