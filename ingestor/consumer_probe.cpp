#include "consumer_probe.hpp"

#include "consumer_conf.hpp"

#include <array>

namespace analytics::ingestor {
namespace {

using Message = std::unique_ptr<rd_kafka_message_t, Freed<rd_kafka_message_destroy>>;

/* The loop waits for it, so the group and the service manager do. */
constexpr Milliseconds patience{20'000};
constexpr int poll_ms = 100;
constexpr std::size_t message_size = 512;

/* What is fetched is looked at once: little of it, and after an error at once again. */
constexpr std::array<std::pair<const char *, const char *>, 4> hurried{{{"fetch.error.backoff.ms", "1"},
                                                                        {"fetch.wait.max.ms", "50"},
                                                                        {"queued.min.messages", "1"},
                                                                        {"fetch.message.max.bytes", "1000"}}};

void silent(const rd_kafka_t *, int, const char *, const char *)
{
}

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

Probe::Probe(const runtime::Settings &settings) : deadline_(Time::clock::now() + patience)
{
    Conf conf = conf_of(settings);
    std::array<char, message_size> text{};
    for (const auto &[name, value] : hurried) rd_kafka_conf_set(conf.get(), name, value, nullptr, 0);
    rd_kafka_conf_set_log_cb(conf.get(), silent);
    kafka_ = rd_kafka_new(RD_KAFKA_CONSUMER, conf.get(), text.data(), text.size());
    if (kafka_ == nullptr) throw runtime::SettingFaults({{"ANALYTICS_KAFKA_*", text.data()}});
    conf.release(); // NOLINT(bugprone-unused-return-value): rd_kafka_new took it
    rd_kafka_poll_set_consumer(kafka_);
}

Probe::~Probe()
{
    rd_kafka_destroy_flags(kafka_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

std::optional<bool> Probe::is_broken(const Partition &partition, std::int64_t offset, std::int64_t broken_offset)
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
        if (loses_records(message->err)) return message->offset == broken_offset;
    }
    return {};
}

} // namespace analytics::ingestor
