#include "command_line.hpp"

#include "log.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fmt/format.h>

namespace analytics::runtime {
namespace {

constexpr const char *version = ANALYTICS_VERSION; // META.json's, given by the Makefile

constexpr std::string_view description(Daemon daemon)
{
    return daemon == Daemon::http ? "Serves the SQL functions of analytics_events over HTTP, under /v1."
                                  : "Stores the records of Kafka topics in analytics_events, each exactly once.";
}

std::string settings_help(Daemon daemon)
{
    std::string help = "Settings (environment):\n";
    for (const Setting &setting : settings_table()) {
        if ((static_cast<unsigned>(setting.readers) & static_cast<unsigned>(daemon)) == 0) continue;
        help += fmt::format("  {}\n      {}", setting.name, setting.what);
        if (!setting.choices.empty()) help += fmt::format("; {}", setting.choices);
        if (setting.kind == Kind::integer) help += fmt::format("; {} to {}", setting.min, setting.max);
        if (setting.kind == Kind::secret) help += fmt::format("; or {}_FILE", setting.name);
        help += setting.fallback.empty() ? "; unset\n" : fmt::format("; default {}\n", setting.fallback);
    }
    if (daemon == Daemon::ingestor)
        help += "  ANALYTICS_KAFKA_X_<NAME>\n      librdkafka's property <name>, with underscores instead of dots\n";
    help +=
        "  OTEL_EXPORTER_OTLP_ENDPOINT\n      collector of traces; OpenTelemetry's other variables of the exporter are "
        "read too; unset\n"
        "\nSignals: SIGTERM and SIGINT finish the current work and exit; a second one exits at once";
    if (daemon == Daemon::http) help += "; SIGHUP reads the file of API keys again";
    help += "\nExit codes: 0 stopped on request, 1 fault, 64 usage, 69 a dependency is unreachable (--check), 78 "
            "settings\n";
    return help;
}

/* The help as it is written here. Releases of the library differ in how they lay it out, and newer ones make one
 * paragraph of the settings. The manual pages are made of it. */
class Help final : public CLI::Formatter {
    std::string make_help(const CLI::App *app, std::string /*name*/, CLI::AppFormatMode /*mode*/) const override
    {
        std::string help =
            fmt::format("{}\nUsage: {} [OPTIONS]\n\nOptions:\n", app->get_description(), app->get_name());
        for (const CLI::Option *option : app->get_options()) {
            std::string name = option->get_name(false, true);
            if (option->get_type_size() != 0) name += " " + option->get_type_name();
            help += fmt::format("  {:<28}{}\n", name, option->get_description());
        }
        return help + "\n" + app->get_footer() + "\n";
    }
};

Property property_of(const std::string &text)
{
    const std::size_t equals = text.find('=');
    if (equals == 0 || equals == std::string::npos)
        throw CLI::ValidationError("-X", "name=value expected"); // the text may be a secret: not repeated
    return {text.substr(0, equals), text.substr(equals + 1)};
}

/* The settings are invalid, so only a valid ANALYTICS_LOG_FORMAT decides what the log looks like. */
void log(const SettingFaults &faults, const Environment &environment)
{
    const auto format = environment.find("ANALYTICS_LOG_FORMAT");
    const bool as_text = format != environment.end() && format->second == "text";
    Log to_stderr(Level::info, as_text ? LogFormat::text : LogFormat::json);
    runtime::report(faults, to_stderr);
}

} // namespace

void report(const SettingFaults &faults, Observer &observe)
{
    for (const auto &[setting, message] : faults.faults())
        observe(event::SettingRefused{.setting = setting, .message = message});
}

std::variant<Start, ExitCode> start_up(Daemon daemon, int argc, const char *const *argv,
                                       const PropertyFault &property_fault, const TogetherFaults &together_faults)
{
    CLI::App app{std::string(description(daemon)), std::string(program(daemon))};
    app.formatter(std::make_shared<Help>());
    app.footer(settings_help(daemon));
    app.set_version_flag("--version", fmt::format("{} {}", program(daemon), version), "Print the version and exit");
    bool print_config = false;
    bool check = false;
    bool adopt_group = false;
    bool publish_only = false;
    std::vector<std::string> assignments;
    app.add_flag("--print-config", print_config, "Print the settings in force, secrets masked, and exit");
    app.add_flag("--check", check, "Check that the daemon could run with these settings, and exit");
    if (daemon == Daemon::ingestor) {
        app.add_flag("--adopt-group", adopt_group,
                     "Assign the consumer group to this database; use it once, after a restore or a move");
        app.add_flag("--publish-only", publish_only, "Publish feeds and dead letters, and read no topic");
        app.add_option("-X", assignments, "Set a librdkafka property")
            ->type_name("name=value")
            ->expected(1)
            ->take_all();
    }

    std::vector<Property> flags;
    try {
        app.parse(argc, argv);
        for (const std::string &assignment : assignments) flags.push_back(property_of(assignment));
    } catch (const CLI::ParseError &error) {
        return app.exit(error) == 0 ? ExitCode::stopped : ExitCode::usage;
    }

    const Environment environment = process_environment();
    try {
        Settings settings(daemon, environment, flags, property_fault, together_faults);
        if (print_config) {
            fmt::print("{}", settings.print());
            return ExitCode::stopped;
        }
        return Start{std::move(settings), check, adopt_group, publish_only};
    } catch (const SettingFaults &faults) {
        log(faults, environment);
        return ExitCode::settings;
    }
}

} // namespace analytics::runtime
