/* The table itself, and the checks of values beyond kind and bounds. Defaults stand beside their reasons. */
#include "../extension/core/text/ascii.hpp"
#include "../extension/core/text/utf8.hpp"
#include "db_conninfo.hpp"
#include "host_names.hpp"
#include "kafka_topics.hpp"
#include "network_address.hpp"
#include "setting.hpp"

#include <algorithm>
#include <string>

namespace analytics::runtime {
namespace {

constexpr std::int64_t max_port = 65'535;
constexpr std::size_t max_group_length = 1'000; // bytes: it is part of the key of analytics_kafka_offsets

std::string optional_topic_name_fault(std::string_view topic)
{
    return topic.empty() ? std::string() : topic_name_fault(topic);
}

/* all, none, or a comma list of names as analytics_create_feed takes them. */
std::string feeds_fault(std::string_view list)
{
    constexpr std::size_t longest = 63;
    if (list.empty() || list.back() == ',') return "a name is missing";
    while (!list.empty()) {
        const std::string_view name = core::take_item(list);
        if (name.empty() || name.size() > longest || !core::is_alphanumeric(name.front()) ||
            !std::all_of(name.begin(), name.end(),
                         [](char c) { return core::is_alphanumeric(c) || c == '.' || c == '_' || c == '-'; }))
            return "not the name of a feed: \"" + std::string(name) + "\"";
    }
    return {};
}

/* Valid both for Kafka and as a text of PostgreSQL's. */
std::string group_fault(std::string_view group)
{
    if (!core::is_utf8(group)) return "not UTF-8";
    if (group.size() > max_group_length) return "longer than " + std::to_string(max_group_length) + " bytes";
    return {};
}

/* scheme://host or scheme://host:port, as a browser writes it, or "*". */
bool is_origin(std::string_view text)
{
    if (text == "*") return true;
    const std::size_t scheme = text.find("://");
    if (scheme == std::string_view::npos || scheme == 0) return false;
    const std::string_view host = text.substr(scheme + 3);
    return !host.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return (core::is_alphanumeric(c) && c == core::to_lower(c)) ||
               std::string_view("+-.:[]/").find(c) != std::string_view::npos;
    }) && host.find('/') == std::string_view::npos;
}

/* A comma list of origins; what a browser sends is compared with them as it is. */
std::string origins_fault(std::string_view list)
{
    while (!list.empty())
        if (const std::string_view origin = core::take_item(list); !is_origin(origin))
            return "not an origin: \"" + std::string(origin) + "\"";
    return {};
}

using enum Key;
constexpr Daemon ingestor = Daemon::ingestor;
constexpr Daemon http = Daemon::http;
constexpr Daemon both = Daemon::both;

constexpr Setting text(Key key, std::string_view name, Daemon readers, std::string_view fallback, std::string_view what,
                       Setting::Fault fault = nullptr)
{
    return {key, name, Kind::text, readers, fallback, what, 0, 0, {}, fault};
}

constexpr Setting secret(Key key, std::string_view name, Daemon readers, std::string_view what,
                         Setting::Fault fault = nullptr, Setting::Mask mask = nullptr)
{
    return {key, name, Kind::secret, readers, {}, what, 0, 0, {}, fault, mask};
}

constexpr Setting choice(Key key, std::string_view name, Daemon readers, std::string_view fallback,
                         std::string_view choices, std::string_view what)
{
    return {key, name, Kind::choice, readers, fallback, what, 0, 0, choices};
}

constexpr Setting integer(Key key, std::string_view name, Daemon readers, std::string_view fallback, std::int64_t min,
                          std::int64_t max, std::string_view what)
{
    return {key, name, Kind::integer, readers, fallback, what, min, max};
}

/* A batch is one transaction. Its fixed cost is the commit's flush to disk (a millisecond or a few). 5,000 records
 * of 400 bytes take some hundred milliseconds to store, so a larger batch gains nothing measurable, and a crash
 * repeats more. 4 MiB hold 5,000 records of 800 bytes: bytes bound the memory when records are large, for a batch
 * exists up to three times (here, in libpq's buffer, in the server). A trickle of records waits 200 ms: a reader of
 * the dashboard does not notice, and 5 commits a second are no load. */
constexpr std::string_view batch_records_default = "5000";
constexpr std::string_view batch_bytes_default = "4194304";
constexpr std::string_view batch_ms_default = "200";

/* A batch takes well below a second. After a minute something delays it that may go away. A claim may take as long, and
 * nobody polls meanwhile; two claims in a row must stay below the five minutes that the group allows. */
constexpr std::string_view batch_timeout_ms_default = "60000";

constexpr std::array<Setting, key_count> table{
    text(kafka_bootstrap_servers, "ANALYTICS_KAFKA_BOOTSTRAP_SERVERS", ingestor, "localhost:9092",
         "Kafka brokers: a comma list of host:port", brokers_fault),
    text(
        kafka_topic, "ANALYTICS_KAFKA_TOPIC", ingestor, "analytics.events",
        "topics to read: a comma list; an item that begins with ^ is a regular expression, which never matches Kafka's "
        "own topics (__…)",
        topics_fault),
    text(kafka_consumer_group, "ANALYTICS_KAFKA_CONSUMER_GROUP", ingestor, "analytics-service",
         "Kafka consumer group, part of the key of stored offsets", group_fault),
    choice(kafka_auto_offset_reset, "ANALYTICS_KAFKA_AUTO_OFFSET_RESET", ingestor, "earliest", "earliest|latest",
           "where the ingestor starts in a partition that it has never read"),
    choice(kafka_security_protocol, "ANALYTICS_KAFKA_SECURITY_PROTOCOL", ingestor, "plaintext",
           "plaintext|ssl|sasl_plaintext|sasl_ssl", "protocol to the brokers"),
    choice(kafka_sasl_mechanism, "ANALYTICS_KAFKA_SASL_MECHANISM", ingestor, "",
           "PLAIN|SCRAM-SHA-256|SCRAM-SHA-512|GSSAPI|OAUTHBEARER", "SASL mechanism"),
    text(kafka_sasl_username, "ANALYTICS_KAFKA_SASL_USERNAME", ingestor, "", "SASL user"),
    secret(kafka_sasl_password, "ANALYTICS_KAFKA_SASL_PASSWORD", ingestor, "SASL password"),
    text(kafka_ssl_ca_location, "ANALYTICS_KAFKA_SSL_CA_LOCATION", ingestor, "",
         "file of the CA certificates for the brokers"),
    text(kafka_ssl_certificate_location, "ANALYTICS_KAFKA_SSL_CERTIFICATE_LOCATION", ingestor, "",
         "file of the client's certificate"),
    text(kafka_ssl_key_location, "ANALYTICS_KAFKA_SSL_KEY_LOCATION", ingestor, "", "file of the client's private key"),
    secret(kafka_ssl_key_password, "ANALYTICS_KAFKA_SSL_KEY_PASSWORD", ingestor,
           "password of the client's private key"),
    text(kafka_dlq_topic, "ANALYTICS_KAFKA_DLQ_TOPIC", ingestor, "",
         "topic to which dead letters are copied; unset: they are only in analytics_dead_letters",
         optional_topic_name_fault),
    text(feeds, "ANALYTICS_FEEDS", ingestor, "all",
         "feeds that are published to their topics: all, none, or a comma list of names; ticks are made unless none",
         feeds_fault),
    secret(database_url, "ANALYTICS_DATABASE_URL", both, "PostgreSQL as postgresql://user:password@host:port/db?…",
           conninfo_fault, masked_conninfo),
    text(postgres_host, "ANALYTICS_POSTGRES_HOST", both, "",
         "PostgreSQL host or socket folder; used, like the next four settings, if there is no URL"),
    integer(postgres_port, "ANALYTICS_POSTGRES_PORT", both, "", 1, max_port, "PostgreSQL port"),
    text(postgres_user, "ANALYTICS_POSTGRES_USER", both, "", "PostgreSQL role"),
    secret(postgres_password, "ANALYTICS_POSTGRES_PASSWORD", both, "password of the role"),
    text(postgres_db, "ANALYTICS_POSTGRES_DB", both, "",
         "PostgreSQL database; unset settings come from the PG* variables or libpq's defaults"),
    integer(metrics_window_minutes, "ANALYTICS_METRICS_WINDOW_MINUTES", both, "60", 5, 10'080,
            "default window of the summary, in minutes"),
    integer(batch_records, "ANALYTICS_BATCH_RECORDS", ingestor, batch_records_default, 1, 100'000,
            "maximum number of records in a batch"),
    integer(batch_bytes, "ANALYTICS_BATCH_BYTES", ingestor, batch_bytes_default, 1, 16 << 20,
            "bytes at which a batch is full; the last record may exceed it"),
    integer(batch_ms, "ANALYTICS_BATCH_MS", ingestor, batch_ms_default, 0, 60'000,
            "milliseconds that a batch waits for more records"),
    choice(keep_skipped, "ANALYTICS_KEEP_SKIPPED", ingestor, "on", "on|off",
           "whether records of unknown shape are kept as dead letters"),
    text(service_host, "ANALYTICS_SERVICE_HOST", http, "127.0.0.1",
         "address of the API; anything but loopback needs API keys"),
    integer(service_port, "ANALYTICS_SERVICE_PORT", http, "8000", 1, max_port, "port of the API"),
    text(http_admin_host, "ANALYTICS_HTTP_ADMIN_HOST", http, "127.0.0.1",
         "address of /livez, /readyz and /metrics, which need no key"),
    integer(http_admin_port, "ANALYTICS_HTTP_ADMIN_PORT", http, "8001", 1, max_port,
            "port of /livez, /readyz and /metrics"),
    text(http_api_keys_file, "ANALYTICS_HTTP_API_KEYS_FILE", http, "",
         "file of the API keys, hashed; each line: id sha256:HEX SCOPES [tenant=T] [rate=N]"),
    text(http_tenant_role, "ANALYTICS_HTTP_TENANT_ROLE", http, "analytics_tenant",
         "database role for requests with a key of one tenant"),
    text(http_cors_origins, "ANALYTICS_HTTP_CORS_ORIGINS", http, "",
         "origins whose pages may read the answers: * or a comma list such as https://a.example,http://b:3000",
         origins_fault),
    integer(http_pool_size, "ANALYTICS_HTTP_POOL_SIZE", http, "8", 1, 256,
            "statements that run at once, each over a database connection of its own"),
    integer(http_streams, "ANALYTICS_HTTP_STREAMS", http, "256", 1, 2'000,
            "readers of feeds that may wait at once, by long polling or Server-Sent Events"),
    integer(http_max_body_bytes, "ANALYTICS_HTTP_MAX_BODY_BYTES", http, "8388608", 1'024, 256 << 20,
            "maximum size of a request's body, in bytes"),
    integer(http_timeout_ms, "ANALYTICS_HTTP_TIMEOUT_MS", http, "10000", 100, 600'000,
            "time-out of a request, in milliseconds"),
    text(ingestor_admin_host, "ANALYTICS_INGESTOR_ADMIN_HOST", ingestor, "127.0.0.1",
         "address of /livez, /readyz and /metrics, which need no key", host_fault),
    integer(ingestor_admin_port, "ANALYTICS_INGESTOR_ADMIN_PORT", ingestor, "", 1, max_port,
            "port of /livez, /readyz and /metrics; unset: none is opened"),
    integer(ingestor_batch_timeout_ms, "ANALYTICS_INGESTOR_BATCH_TIMEOUT_MS", ingestor, batch_timeout_ms_default, 1'000,
            120'000, "milliseconds after which the server cancels a batch; the ingestor then tries it again"),
    integer(ingestor_database_connections, "ANALYTICS_INGESTOR_DATABASE_CONNECTIONS", ingestor, "1", 1, 16,
            "number of batches, of different partitions, that are stored at once, each over its own connection"),
    text(allowed_hosts, "ANALYTICS_ALLOWED_HOSTS", both, "",
         "further host names by which HTTP clients may call: * or a comma list such as analytics.example",
         host_names_fault),
    choice(log_level, "ANALYTICS_LOG_LEVEL", both, "info", "debug|info|warning|error", "lowest level that is logged"),
    choice(log_format, "ANALYTICS_LOG_FORMAT", both, "json", "json|text", "format of the log on stderr"),
};

constexpr bool in_order()
{
    for (std::size_t i = 0; i < table.size(); ++i)
        if (static_cast<std::size_t>(table[i].key) != i) return false;
    return true;
}
static_assert(in_order(), "an entry for every key, in the enumeration's order");

} // namespace

std::span<const Setting> settings_table() noexcept
{
    return table;
}

} // namespace analytics::runtime
