/* Every ANALYTICS_* setting of both daemons, in one table.
 *
 * One environment may serve both daemons: each accepts and checks the other one's settings too, but does not read
 * the files of their secrets. Unknown names and bad values are faults, and all of them are reported at once. An
 * empty value counts as unset. A secret S is given as S or as S_FILE, a file whose content it is, without one
 * newline at the end; never as a flag.
 *
 * Besides the table: ANALYTICS_KAFKA_X_SOME_NAME=v (or -X some.name=v) sets librdkafka's property some.name. The
 * properties that have a setting of their own, or on which delivery rests, are refused. */
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace analytics::runtime {

enum class Daemon : std::uint8_t { ingestor = 1, http = 2, both = 3 };

[[nodiscard]] std::string_view program(Daemon daemon) noexcept; // "analytics-ingestor", "analytics-http"

/** In the order of the table. */
enum class Key : std::uint8_t {
    kafka_bootstrap_servers,
    kafka_topic,
    kafka_consumer_group,
    kafka_auto_offset_reset,
    kafka_security_protocol,
    kafka_sasl_mechanism,
    kafka_sasl_username,
    kafka_sasl_password,
    kafka_ssl_ca_location,
    kafka_ssl_certificate_location,
    kafka_ssl_key_location,
    kafka_ssl_key_password,
    kafka_dlq_topic,
    feeds,
    database_url,
    postgres_host,
    postgres_port,
    postgres_user,
    postgres_password,
    postgres_db,
    metrics_window_minutes,
    batch_records,
    batch_bytes,
    batch_ms,
    keep_skipped,
    service_host,
    service_port,
    http_admin_host,
    http_admin_port,
    http_api_keys_file,
    http_tenant_role,
    http_cors_origins,
    http_pool_size,
    http_streams,
    http_max_body_bytes,
    http_timeout_ms,
    ingestor_admin_host,
    ingestor_admin_port,
    ingestor_batch_timeout_ms,
    ingestor_database_connections,
    allowed_hosts,
    log_level,
    log_format,
};
inline constexpr std::size_t key_count = static_cast<std::size_t>(Key::log_format) + 1;

enum class Kind : std::uint8_t { text, integer, choice, secret };

struct Setting {
    Key key;
    std::string_view name; // as in the environment
    Kind kind;
    Daemon readers;
    std::string_view fallback; // empty: unset
    std::string_view what;     // one line for --help

    std::int64_t min = 0; // integer
    std::int64_t max = 0;
    std::string_view choices = {}; // choice: "a|b|c"; compared without regard to case
    using Fault = std::string (*)(std::string_view);
    Fault fault = nullptr; // a further check: what is wrong with the value, or nothing
    using Mask = std::string (*)(std::string_view);
    Mask masked = nullptr; // secret: what may be shown of it; null: "***"
};

[[nodiscard]] std::span<const Setting> settings_table() noexcept;

/** A librdkafka property and its value. */
struct Property {
    std::string name;
    std::string value;
};

/** What is wrong with the property, or nothing. Only the ingestor can ask librdkafka. */
using PropertyFault = std::function<std::string(const Property &)>;

struct SettingFault {
    std::string setting; // the name in the environment, or "-X name"
    std::string message;
};

class Settings;

/** What is wrong with settings together, where each is valid by itself. An invalid one has its default here. */
using TogetherFaults = std::function<std::vector<SettingFault>(const Settings &)>;

class SettingFaults : public std::runtime_error {
public:
    explicit SettingFaults(std::vector<SettingFault> faults)
        : std::runtime_error("bad settings"), faults_(std::move(faults))
    {
    }

    [[nodiscard]] const std::vector<SettingFault> &faults() const noexcept { return faults_; }

private:
    std::vector<SettingFault> faults_;
};

using Environment = std::map<std::string, std::string>;

class Settings {
public:
    /** Throws SettingFaults with everything that is wrong. flags: the properties given as -X. */
    Settings(Daemon daemon, const Environment &environment, std::span<const Property> flags = {},
             const PropertyFault &property_fault = {}, const TogetherFaults &together_faults = {});

    /** The value in force; empty when it is unset and has no default. A choice is spelled as in the table. */
    [[nodiscard]] const std::string &text(Key key) const noexcept { return values_[index(key)]; }
    [[nodiscard]] std::int64_t integer(Key key) const;
    [[nodiscard]] std::chrono::milliseconds milliseconds(Key key) const
    {
        return std::chrono::milliseconds(integer(key));
    }
    /** Whether the environment gave it. */
    [[nodiscard]] bool is_given(Key key) const noexcept { return given_[index(key)]; }

    /** From ANALYTICS_KAFKA_X_* and -X, flags last: they win. */
    [[nodiscard]] std::span<const Property> kafka_properties() const noexcept { return properties_; }

    /** For libpq: ANALYTICS_DATABASE_URL, else made of ANALYTICS_POSTGRES_*, else empty: then PG* decide. Holds the
     * password. */
    [[nodiscard]] std::string conninfo() const;

    /** One name=value a line, secrets masked: the settings that this daemon reads. */
    [[nodiscard]] std::string print() const;

private:
    static constexpr std::size_t index(Key key) noexcept { return static_cast<std::size_t>(key); }

    Daemon daemon_;
    std::array<std::string, key_count> values_;
    std::array<bool, key_count> given_{};
    std::vector<Property> properties_;
};

/** The process's environment. */
[[nodiscard]] Environment process_environment();

} // namespace analytics::runtime
