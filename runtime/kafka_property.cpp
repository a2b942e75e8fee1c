#include "kafka_property.hpp"

#include "../extension/core/text/ascii.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace analytics::runtime {
namespace {

constexpr std::string_view offsets = "the database keeps the offsets";
constexpr std::string_view exactly_once = "exactly-once delivery depends on it";

constexpr std::array<std::pair<std::string_view, std::string_view>, 34> owned{{
    {"bootstrap.servers", "use ANALYTICS_KAFKA_BOOTSTRAP_SERVERS"},
    {"metadata.broker.list", "use ANALYTICS_KAFKA_BOOTSTRAP_SERVERS"},
    {"group.id", "use ANALYTICS_KAFKA_CONSUMER_GROUP"},
    {"auto.offset.reset", "use ANALYTICS_KAFKA_AUTO_OFFSET_RESET"},
    {"security.protocol", "use ANALYTICS_KAFKA_SECURITY_PROTOCOL"},
    {"sasl.mechanism", "use ANALYTICS_KAFKA_SASL_MECHANISM"},
    {"sasl.mechanisms", "use ANALYTICS_KAFKA_SASL_MECHANISM"},
    {"sasl.username", "use ANALYTICS_KAFKA_SASL_USERNAME"},
    {"sasl.password", "use ANALYTICS_KAFKA_SASL_PASSWORD"},
    {"ssl.ca.location", "use ANALYTICS_KAFKA_SSL_CA_LOCATION"},
    {"ssl.certificate.location", "use ANALYTICS_KAFKA_SSL_CERTIFICATE_LOCATION"},
    {"ssl.key.location", "use ANALYTICS_KAFKA_SSL_KEY_LOCATION"},
    {"ssl.key.password", "use ANALYTICS_KAFKA_SSL_KEY_PASSWORD"},
    {"enable.auto.commit", offsets},
    {"auto.commit.enable", offsets},
    {"auto.commit.interval.ms", offsets},
    {"enable.auto.offset.store", offsets},
    {"offset.store.method", offsets},
    {"offset.store.path", offsets},
    {"offset.store.sync.interval.ms", offsets},
    {"isolation.level", exactly_once},
    {"check.crcs", exactly_once},
    {"transactional.id", exactly_once},
    {"enable.partition.eof", exactly_once},
    {"partition.assignment.strategy", "the cooperative strategies of librdkafka 2.0 lose assignments"},
    {"group.protocol", "the strategy of assignment is set, which only the classic protocol has"},
    {"consume.callback.max.messages", "records are polled one by one"},
    {"rebalance_cb", "not a value"},
    {"offset_commit_cb", "not a value"},
    {"consume_cb", "not a value"},
    {"error_cb", "not a value"},
    {"log_cb", "not a value"},
    {"log.queue", "the daemon writes the log itself"},
    {"enabled_events", "the daemon writes the log itself"},
}};

constexpr std::array<std::string_view, 6> secrets{"ssl.keystore.password",   "ssl.key.pem",
                                                  "ssl.key.password",        "sasl.password",
                                                  "sasl.oauthbearer.config", "sasl.oauthbearer.client.secret"};

} // namespace

std::optional<std::string> kafka_property_of(std::string_view environment_name)
{
    if (!environment_name.starts_with(kafka_property_prefix)) return {};
    const std::string_view name = environment_name.substr(kafka_property_prefix.size());
    if (name.empty()) return {};
    std::string property(name);
    std::transform(property.begin(), property.end(), property.begin(),
                   [](char c) { return c == '_' ? '.' : core::to_lower(c); });
    return property;
}

std::string owned_property_fault(std::string_view property)
{
    const auto *found =
        std::find_if(owned.begin(), owned.end(), [&](const auto &entry) { return entry.first == property; });
    return found == owned.end() ? std::string() : "may not be set: " + std::string(found->second);
}

bool is_secret_property(std::string_view property) noexcept
{
    return std::find(secrets.begin(), secrets.end(), property) != secrets.end();
}

} // namespace analytics::runtime
