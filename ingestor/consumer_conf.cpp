#include "consumer_conf.hpp"

#include "../runtime/kafka_topics.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace analytics::ingestor {
namespace {

using runtime::Key;

constexpr std::size_t message_size = 512; // of librdkafka's error texts

/* What delivery rests on, then what bounds memory. The queue holds what is fetched ahead while a batch is written:
 * its kilobytes count values only, and each message costs librdkafka some 400 bytes more, so its messages are bounded
 * as well. fetch.max.bytes bounds what one answer may bring on top. */
constexpr std::array<std::pair<const char *, const char *>, 14> fixed{{
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

/* Of the publisher of dead letters. A message is as large as a record that was read may be; how large the broker lets it
 * be is the broker's to say. 20 s is what a letter waits for a broker before it is taken back. */
constexpr std::array<std::pair<const char *, const char *>, 6> fixed_for_producer{{
    {"enable.idempotence", "true"},
    {"batch.num.messages", "1"},
    {"message.max.bytes", "100000000"},
    {"message.timeout.ms", "20000"},
    {"client.id", "analytics-ingestor-publisher"},
    {"socket.keepalive.enable", "true"},
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
    std::array<char, message_size> message{};
    if (rd_kafka_conf_set(conf, name, value, message.data(), message.size()) != RD_KAFKA_CONF_OK)
        throw runtime::SettingFaults({{name, message.data()}});
}

/* Adds to the topics that librdkafka takes for not being there. */
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

Conf conf_of(const runtime::Settings &settings)
{
    Conf conf = conf_of(fixed, settings);
    set(conf.get(), "group.id", settings.text(Key::kafka_consumer_group).c_str());
    if (runtime::has_expression(settings.text(Key::kafka_topic))) hide(conf.get(), runtime::internal_topics);
    return conf;
}

Conf producer_conf_of(const runtime::Settings &settings)
{
    return conf_of(fixed_for_producer, settings);
}

/* Until 2.6.1 librdkafka sent a nonce with its own half twice, and Apache Kafka 4 no longer overlooks that: the right
 * password is refused as a wrong one. */
std::string authentication_advice(const runtime::Settings &settings)
{
    constexpr int first_right = 0x020601ff;
    if (!settings.text(Key::kafka_sasl_mechanism).starts_with("SCRAM") || rd_kafka_version() >= first_right) return {};
    return std::string("; Apache Kafka 4 refuses the SCRAM of librdkafka ") + rd_kafka_version_str() +
           " whatever the password: use librdkafka 2.6.1, PLAIN over TLS or a certificate";
}

bool is_given(const runtime::Settings &settings, std::string_view property)
{
    const auto given = settings.kafka_properties();
    return std::any_of(given.begin(), given.end(), [&](const auto &entry) { return entry.name == property; });
}

} // namespace analytics::ingestor
