#include "setting.hpp"

#include "../extension/core/text/ascii.hpp"
#include "../extension/core/text/integer.hpp"
#include "db_conninfo.hpp"
#include "file.hpp"
#include "kafka_property.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <unistd.h>
#include <utility>

namespace analytics::runtime {
namespace {

constexpr std::string_view prefix = "ANALYTICS_";
constexpr std::string_view file_suffix = "_FILE";
constexpr std::string_view mask = "***";

bool reads(Daemon daemon, Daemon readers)
{
    return (static_cast<unsigned>(daemon) & static_cast<unsigned>(readers)) != 0;
}

/* Thrown and caught in this file: what is wrong with one setting. */
struct Bad {
    std::string message;
};

/* The choice as the table spells it. */
std::string chosen(std::string_view choices, std::string_view value)
{
    for (std::string_view rest = choices; !rest.empty();)
        if (const std::string_view choice = core::take_until('|', rest); core::equals_ignoring_case(choice, value))
            return std::string(choice);
    throw Bad{fmt::format("must be one of {}, not \"{}\"", choices, value)};
}

std::string checked(const Setting &setting, std::string value)
{
    switch (setting.kind) {
    case Kind::integer: {
        const auto number = core::integer_of<std::int64_t>(value);
        if (!number) throw Bad{fmt::format("must be an integer, not \"{}\"", value)};
        if (*number < setting.min || *number > setting.max)
            throw Bad{fmt::format("must be from {} to {}, not {}", setting.min, setting.max, value)};
        break;
    }
    case Kind::choice:
        value = chosen(setting.choices, value);
        break;
    case Kind::text:
    case Kind::secret:
        break;
    }
    if (setting.fault != nullptr)
        if (std::string fault = setting.fault(value); !fault.empty()) throw Bad{std::move(fault)};
    return value;
}

std::string content(const std::string &path)
{
    std::optional<std::string> bytes = read_file(path);
    if (!bytes) throw Bad{fmt::format("cannot read \"{}\"", path)};
    std::string text = std::move(*bytes);
    if (text.ends_with('\n')) text.pop_back();
    if (text.ends_with('\r')) text.pop_back();
    if (text.find('\0') != std::string::npos) throw Bad{fmt::format("\"{}\" contains a NUL byte", path)};
    if (text.empty()) throw Bad{fmt::format("\"{}\" is empty", path)};
    return text;
}

/* What the environment gives under a name, an empty value being none. Names that were asked for are known. */
class Reader {
public:
    explicit Reader(const Environment &environment)
    {
        for (const auto &[name, value] : environment)
            if (name.starts_with(prefix)) left_.emplace(name, value);
    }

    std::optional<std::string> take(const std::string &name)
    {
        auto node = left_.extract(name);
        if (node.empty() || node.mapped().empty()) return {};
        return std::move(node.mapped());
    }

    /* A secret, itself or the content of its file; read_file: whether this daemon may open it. */
    std::optional<std::string> take_secret(const std::string &name, bool read_file)
    {
        const std::string file_name = name + std::string(file_suffix);
        auto value = take(name);
        const auto path = take(file_name);
        if (value && path) throw Bad{fmt::format("given together with {}", file_name)};
        if (!path || !read_file) return value;
        return content(*path);
    }

    [[nodiscard]] const Environment &left() const noexcept { return left_; }

private:
    Environment left_;
};

} // namespace

std::string_view program(Daemon daemon) noexcept
{
    return daemon == Daemon::http ? "analytics-http" : "analytics-ingestor";
}

Settings::Settings(Daemon daemon, const Environment &environment, std::span<const Property> flags,
                   const PropertyFault &property_fault, const TogetherFaults &together_faults)
    : daemon_(daemon)
{
    std::vector<SettingFault> faults;
    Reader reader(environment);

    for (const Setting &setting : settings_table()) {
        const std::string name(setting.name);
        const bool is_read = reads(daemon, setting.readers);
        std::string &value = values_[index(setting.key)];
        value = setting.fallback;
        try {
            auto given = setting.kind == Kind::secret ? reader.take_secret(name, is_read) : reader.take(name);
            if (!given) continue;
            if (setting.key == Key::kafka_dlq_topic && !is_read) continue; // the ingestor's to refuse
            value = checked(setting, std::move(*given));
            given_[index(setting.key)] = true;
        } catch (const Bad &bad) {
            faults.push_back({name, bad.message});
        }
    }

    const auto add_property = [&](const std::string &where, Property property, bool is_flag) {
        std::string fault = owned_property_fault(property.name);
        if (fault.empty() && is_flag && is_secret_property(property.name))
            fault = "is a secret: other users can see flags, so use the variable or its …_FILE";
        if (fault.empty() && property_fault) fault = property_fault(property);
        if (fault.empty())
            properties_.push_back(std::move(property));
        else
            faults.push_back({where, std::move(fault)});
    };

    std::vector<std::string> property_names;
    for (const auto &[name, value] : reader.left())
        if (kafka_property_of(name)) property_names.push_back(name);
    for (std::string name : property_names) {
        if (!reader.left().contains(name)) continue; // its twin took it
        if (name.ends_with(file_suffix)) {
            const std::string plain = name.substr(0, name.size() - file_suffix.size());
            if (const auto secret = kafka_property_of(plain); secret && is_secret_property(*secret)) name = plain;
        }
        std::string property = kafka_property_of(name).value_or("");
        try {
            auto value = is_secret_property(property) ? reader.take_secret(name, reads(daemon, Daemon::ingestor))
                                                      : reader.take(name);
            if (value) add_property(name, {std::move(property), std::move(*value)}, false);
        } catch (const Bad &bad) {
            faults.push_back({name, bad.message});
        }
    }
    for (const Property &flag : flags) add_property("-X " + flag.name, flag, true);

    for (const auto &[name, value] : reader.left()) faults.push_back({name, "unknown setting"});
    if (std::string fault = connection_fault(conninfo()); !fault.empty())
        faults.push_back({is_given(Key::database_url) ? "ANALYTICS_DATABASE_URL" : "ANALYTICS_POSTGRES_*", fault});
    if (together_faults)
        for (SettingFault &fault : together_faults(*this)) faults.push_back(std::move(fault));
    if (!faults.empty()) throw SettingFaults(std::move(faults));
}

std::int64_t Settings::integer(Key key) const
{
    return core::integer_of<std::int64_t>(text(key)).value_or(0);
}

std::string Settings::conninfo() const
{
    if (is_given(Key::database_url)) return text(Key::database_url);
    std::string conninfo;
    const auto add = [&](std::string_view keyword, Key key) {
        if (!is_given(key)) return;
        conninfo += conninfo.empty() ? "" : " ";
        conninfo += keyword;
        conninfo += "='";
        for (const char c : text(key)) {
            if (c == '\'' || c == '\\') conninfo += '\\';
            conninfo += c;
        }
        conninfo += '\'';
    };
    add("host", Key::postgres_host);
    add("port", Key::postgres_port);
    add("user", Key::postgres_user);
    add("password", Key::postgres_password);
    add("dbname", Key::postgres_db);
    return conninfo;
}

std::string Settings::print() const
{
    std::string out;
    for (const Setting &setting : settings_table()) {
        if (!reads(daemon_, setting.readers)) continue;
        const std::string &value = text(setting.key);
        const bool hide = setting.kind == Kind::secret && !value.empty();
        out += fmt::format("{}={}\n", setting.name,
                           !hide ? value : (setting.masked != nullptr ? setting.masked(value) : std::string(mask)));
    }
    if (!reads(daemon_, Daemon::ingestor)) return out;
    for (const auto &[name, value] : properties_) {
        std::string suffix = name;
        std::transform(suffix.begin(), suffix.end(), suffix.begin(), [](char c) {
            return c == '.' ? '_' : (c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c);
        });
        out += fmt::format("{}{}={}\n", kafka_property_prefix, suffix, is_secret_property(name) ? mask : value);
    }
    return out;
}

Environment process_environment()
{
    Environment environment;
    for (char **entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        const std::size_t equals = text.find('=');
        if (equals != std::string_view::npos) environment.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
    return environment;
}

} // namespace analytics::runtime
