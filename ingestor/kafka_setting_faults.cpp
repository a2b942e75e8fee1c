#include "kafka_setting_faults.hpp"

#include "../runtime/kafka_property.hpp"
#include "../runtime/kafka_topics.hpp"
#include "../runtime/network_address.hpp"
#include "kafka_conf.hpp"

#include <array>
#include <cerrno>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace analytics::ingestor {
namespace {

using runtime::Key;
using Faults = std::vector<runtime::SettingFault>;

constexpr std::string_view found_by_librdkafka = "probe"; // as ssl.ca.location

constexpr std::array<Key, 3> files{Key::kafka_ssl_ca_location, Key::kafka_ssl_certificate_location,
                                   Key::kafka_ssl_key_location};

std::string name(Key key)
{
    return std::string(runtime::settings_table()[static_cast<std::size_t>(key)].name);
}

void find_in_brokers(const runtime::Settings &settings, Faults &faults)
{
    const std::string other = runtime::other_protocol(settings.text(Key::kafka_bootstrap_servers),
                                                      settings.text(Key::kafka_security_protocol));
    if (!other.empty())
        faults.push_back({name(Key::kafka_bootstrap_servers), "a broker by \"" + other +
                                                                  "\", but ANALYTICS_KAFKA_SECURITY_PROTOCOL is \"" +
                                                                  settings.text(Key::kafka_security_protocol) + '"'});
}

void find_in_topics(const runtime::Settings &settings, Faults &faults)
{
    const std::string &topic = settings.text(Key::kafka_dlq_topic);
    if (!topic.empty() && runtime::is_read(settings.text(Key::kafka_topic), topic))
        faults.push_back({name(Key::kafka_dlq_topic), "must not be one of the topics that are read"});
}

void find_in_files(const runtime::Settings &settings, Faults &faults)
{
    if (!settings.text(Key::kafka_security_protocol).ends_with("ssl")) return;
    for (const Key key : files) {
        const std::string &path = settings.text(key);
        if (path.empty() || path == found_by_librdkafka || access(path.c_str(), R_OK) == 0) continue;
        faults.push_back({name(key), "cannot read \"" + path + "\": " + std::generic_category().message(errno)});
    }
}

/* Throws what librdkafka finds only when a client is made. */
void make_client(rd_kafka_type_t type, Conf conf)
{
    disable_log(conf.get());
    rd_kafka_destroy_flags(new_client(type, std::move(conf)), RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

} // namespace

std::string kafka_property_fault(const runtime::Property &property)
{
    const Conf conf(rd_kafka_conf_new());
    std::array<char, kafka_message_size> message{};
    const auto result =
        rd_kafka_conf_set(conf.get(), property.name.c_str(), property.value.c_str(), message.data(), message.size());
    if (result == RD_KAFKA_CONF_OK) return {};
    return runtime::is_secret_property(property.name) ? "librdkafka refuses the value" : message.data();
}

std::vector<runtime::SettingFault> kafka_faults(const runtime::Settings &settings)
try {
    Faults faults;
    find_in_brokers(settings, faults);
    find_in_topics(settings, faults);
    find_in_files(settings, faults);
    if (!faults.empty()) return faults; // a client would find them again, and name no setting
    make_client(RD_KAFKA_CONSUMER, consumer_conf(settings));
    if (!settings.text(Key::kafka_dlq_topic).empty())
        make_client(RD_KAFKA_PRODUCER, feed_producer_conf(settings, "analytics-feed", QueuedMessages::any));
    return {};
} catch (const runtime::SettingFaults &refused) {
    return refused.faults();
}

} // namespace analytics::ingestor
