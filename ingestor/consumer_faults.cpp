#include "kafka_faults.hpp"

#include "../runtime/kafka_property.hpp"
#include "../runtime/kafka_topics.hpp"
#include "../runtime/network_address.hpp"
#include "consumer_conf.hpp"

#include <array>
#include <cerrno>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace analytics::ingestor {
namespace {

using runtime::Key;
using Faults = std::vector<runtime::SettingFault>;

constexpr std::size_t message_size = 512;             // of librdkafka's error texts
constexpr std::string_view found_by_itself = "probe"; // of ssl.ca.location

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
    const std::string &letters = settings.text(Key::kafka_dlq_topic);
    if (!letters.empty() && runtime::is_read(settings.text(Key::kafka_topic), letters))
        faults.push_back({name(Key::kafka_dlq_topic), "must not be a topic that is read"});
}

void find_in_files(const runtime::Settings &settings, Faults &faults)
{
    if (!settings.text(Key::kafka_security_protocol).ends_with("ssl")) return;
    for (const Key key : files) {
        const std::string &path = settings.text(key);
        if (path.empty() || path == found_by_itself || access(path.c_str(), R_OK) == 0) continue;
        faults.push_back({name(key), "cannot read \"" + path + "\": " + std::generic_category().message(errno)});
    }
}

void silent(const rd_kafka_t *, int, const char *, const char *)
{
}

/* Much is judged only when a client is made of it. */
void find_in_client(rd_kafka_type_t type, Conf conf, Faults &faults)
{
    rd_kafka_conf_set_log_cb(conf.get(), silent);
    std::array<char, message_size> message{};
    rd_kafka_t *const client = rd_kafka_new(type, conf.get(), message.data(), message.size());
    if (client == nullptr) {
        faults.push_back({"ANALYTICS_KAFKA_*", message.data()});
        return;
    }
    conf.release(); // NOLINT(bugprone-unused-return-value): rd_kafka_new took it
    rd_kafka_destroy_flags(client, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

} // namespace

std::string kafka_property_fault(const runtime::Property &property)
{
    const Conf conf(rd_kafka_conf_new());
    std::array<char, message_size> message{};
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
    if (!faults.empty()) return faults; // a client would find them again, in words that name no setting
    find_in_client(RD_KAFKA_CONSUMER, conf_of(settings), faults);
    if (faults.empty() && !settings.text(Key::kafka_dlq_topic).empty())
        find_in_client(RD_KAFKA_PRODUCER, producer_conf_of(settings), faults);
    return faults;
} catch (const runtime::SettingFaults &refused) {
    return refused.faults();
}

} // namespace analytics::ingestor
