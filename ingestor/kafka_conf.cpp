#include "kafka_conf.hpp"

#include "../extension/core/text/integer.hpp"
#include "../runtime/kafka_topics.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace analytics::ingestor {
namespace {

using runtime::Key;

/* Delivery rests on the first of these; the last ones bound memory. The queue holds what is fetched ahead while a
 * batch is written. Its kilobytes count values only, and each message costs librdkafka some 400 bytes more, so the
 * number of messages is bounded as well. fetch.max.bytes bounds what one response adds. */
constexpr std::array<std::pair<const char *, const char *>, 14> fixed_for_consumers{{
    {"enable.auto.commit", "false"},
    {"enable.auto.offset.store", "false"},
    {"auto.offset.reset", "error"},
    {"isolation.level", "read_committed"},
    {"check.crcs", "true"},
    {"enable.partition.eof", "true"},
    {"partition.assignment.strategy", "range,roundrobin"},
    {"client.id", "analytics-ingestor"},
    {"socket.keepalive.enable", "true"},
    {"topic.metadata.refresh.interval.ms", "10000"},
    {"queued.max.messages.kbytes", "8192"},
    {"queued.min.messages", "20000"},
    {"fetch.max.bytes", "8388608"},
    {"fetch.message.max.bytes", "1048576"},
}};

/* For feeds. A broker that is away for longer than a transaction may take ends it; then all begins again. Until a
 * transaction of a publisher that is gone has ended, consumers wait behind it, if no other publisher ends it before. */
constexpr std::array<std::pair<const char *, const char *>, 8> fixed_for_feeds{{
    {"enable.idempotence", "true"},
    {"transaction.timeout.ms", "30000"},
    {"message.max.bytes", "100000000"},
    {"queue.buffering.max.messages", "20000"},
    {"queue.buffering.max.kbytes", "16384"},
    {"delivery.report.only.error", "true"},
    {"client.id", "analytics-ingestor-feeds"},
    {"socket.keepalive.enable", "true"},
}};

constexpr std::array<std::pair<const char *, const char *>, 1> fixed_for_feed_readers{{
    {"client.id", "analytics-ingestor-feeds"},
}};

constexpr std::array<std::pair<const char *, Key>, 9> from_settings{{
    {"bootstrap.servers", Key::kafka_bootstrap_servers},
    {"security.protocol", Key::kafka_security_protocol},
    {"sasl.mechanism", Key::kafka_sasl_mechanism},
    {"sasl.username", Key::kafka_sasl_username},
    {"sasl.password", Key::kafka_sasl_password},
    {"ssl.ca.location", Key::kafka_ssl_ca_location},
    {"ssl.certificate.location", Key::kafka_ssl_certificate_location},
    {"ssl.key.location", Key::kafka_ssl_key_location},
    {"ssl.key.password", Key::kafka_ssl_key_password},
}};

void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    std::array<char, kafka_message_size> message{};
    if (rd_kafka_conf_set(conf, name, value, message.data(), message.size()) != RD_KAFKA_CONF_OK)
        throw runtime::SettingFaults({{name, message.data()}});
}

/* Adds to the topics that librdkafka treats as missing. */
void hide(rd_kafka_conf_t *conf, std::string_view topics)
{
    constexpr const char *property = "topic.blacklist";
    std::size_t size = 0;
    std::string hidden;
    if (rd_kafka_conf_get(conf, property, nullptr, &size) == RD_KAFKA_CONF_OK && size > 1) {
        hidden.resize(size);
        rd_kafka_conf_get(conf, property, hidden.data(), &size);
        hidden.back() = ','; // in place of the NUL
    }
    set(conf, property, (hidden += topics).c_str());
}

template <std::size_t Count>
Conf conf_of(const std::array<std::pair<const char *, const char *>, Count> &own, const runtime::Settings &settings)
{
    Conf conf(rd_kafka_conf_new());
    for (const auto &[name, value] : own) set(conf.get(), name, value);
    for (const auto &[name, key] : from_settings)
        if (const std::string &value = settings.text(key); !value.empty()) set(conf.get(), name, value.c_str());
    for (const auto &[name, value] : settings.kafka_properties()) set(conf.get(), name.c_str(), value.c_str());
    return conf;
}

} // namespace

Conf consumer_conf(const runtime::Settings &settings)
{
    Conf conf = conf_of(fixed_for_consumers, settings);
    set(conf.get(), "group.id", settings.text(Key::kafka_consumer_group).c_str());
    if (runtime::has_expression(settings.text(Key::kafka_topic))) hide(conf.get(), runtime::internal_topics);
    return conf;
}

Conf feed_producer_conf(const runtime::Settings &settings, const std::string &transactional_id, QueuedMessages queued)
{
    Conf conf = conf_of(fixed_for_feeds, settings);
    set(conf.get(), "transactional.id", transactional_id.c_str());
    if (queued == QueuedMessages::any) set(conf.get(), "queue.buffering.max.kbytes", "131072"); // holds the largest
    set(conf.get(), "partitioner", "murmur2"); // also without a key, always the same partition
    disable_log(conf.get());                   // errors of calls say what is wrong
    return conf;
}

Conf feed_reader_conf(const runtime::Settings &settings, const std::string &group, bool is_stable)
{
    Conf conf = conf_of(fixed_for_feed_readers, settings);
    set(conf.get(), "group.id", group.c_str());
    set(conf.get(), "isolation.level", is_stable ? "read_committed" : "read_uncommitted");
    disable_log(conf.get());
    return conf;
}

void disable_log(rd_kafka_conf_t *conf)
{
    rd_kafka_conf_set_log_cb(conf, [](const rd_kafka_t *, int, const char *, const char *) {});
}

rd_kafka_t *new_client(rd_kafka_type_t type, Conf conf)
{
    std::array<char, kafka_message_size> message{};
    rd_kafka_t *const client = rd_kafka_new(type, conf.get(), message.data(), message.size());
    if (client == nullptr) throw runtime::SettingFaults({{"ANALYTICS_KAFKA_*", message.data()}});
    conf.release(); // NOLINT(bugprone-unused-return-value): rd_kafka_new owns it now
    return client;
}

/* Before 2.6.1 librdkafka sent its own half of the nonce twice. Apache Kafka 4 no longer accepts that, and refuses
 * the right password like a wrong one. */
std::string authentication_advice(const runtime::Settings &settings)
{
    constexpr int first_right = 0x020601ff;
    if (!settings.text(Key::kafka_sasl_mechanism).starts_with("SCRAM") || rd_kafka_version() >= first_right) return {};
    return std::string("; Apache Kafka 4 refuses the SCRAM of librdkafka ") + rd_kafka_version_str() +
           " even with the right password: use librdkafka 2.6.1, PLAIN over TLS or a certificate";
}

std::int64_t kafka_number(rd_kafka_t *kafka, const char *property)
{
    std::array<char, 32> text{};
    std::size_t size = text.size();
    rd_kafka_conf_get(rd_kafka_conf(kafka), property, text.data(), &size);
    return core::integer_of<std::int64_t>(text.data()).value_or(0);
}

bool is_given(const runtime::Settings &settings, std::string_view property)
{
    const auto given = settings.kafka_properties();
    return std::any_of(given.begin(), given.end(), [&](const auto &entry) { return entry.name == property; });
}

} // namespace analytics::ingestor
