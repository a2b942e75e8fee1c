#include "log.hpp"

#include "json.hpp"
#include "setting.hpp"
#include "trace.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <iterator>
#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

namespace analytics::runtime {
namespace {

constexpr std::array<std::string_view, 4> level_names{"debug", "info", "warning", "error"};

std::string_view name(Level level)
{
    return level_names[static_cast<std::size_t>(level)];
}

Level level_named(std::string_view name)
{
    return static_cast<Level>(std::find(level_names.begin(), level_names.end(), name) - level_names.begin());
}

std::string iso(LogTime time)
{
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(seconds)),
                       (time - seconds).count());
}

/* A word that logfmt can show without quotes. */
bool is_plain(std::string_view text)
{
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return c > ' ' && c < 0x7F && c != '"' && c != '=' && c != '\\';
    });
}

void append_text(std::string &out, LogFormat format, std::string_view text)
{
    if (format == LogFormat::text && is_plain(text))
        out += text;
    else
        append_json_string(out, text);
}

void append_value(std::string &out, LogFormat format, const Value &value)
{
    if (const auto *integer = std::get_if<std::int64_t>(&value))
        fmt::format_to(std::back_inserter(out), "{}", *integer);
    else if (const auto *flag = std::get_if<bool>(&value))
        out += *flag ? "true" : "false";
    else if (const auto *text = std::get_if<std::string_view>(&value))
        append_text(out, format, *text);
    else if (const auto *json = std::get_if<Json>(&value))
        out += json->text;
    else if (const double number = std::get<double>(value); std::isfinite(number))
        fmt::format_to(std::back_inserter(out), "{}", number);
    else
        out += "null"; // JSON knows no infinity
}

spdlog::level::level_enum spdlog_level(Level level)
{
    static constexpr spdlog::level::level_enum levels[] = {spdlog::level::debug, spdlog::level::info,
                                                           spdlog::level::warn, spdlog::level::err};
    return levels[static_cast<std::size_t>(level)];
}

} // namespace

std::string format_line(LogFormat format, LogTime time, const EventKind &kind, const Fields &fields)
{
    const auto head = format == LogFormat::json ? fmt::runtime(R"({{"time":"{}","level":"{}","event":"{}")")
                                                : fmt::runtime("{} {} {}");
    std::string line = fmt::format(head, iso(time), name(kind.level), kind.name);
    const auto append = [&](const Field &field) {
        if (std::holds_alternative<std::monostate>(field.value)) return;
        if (format == LogFormat::json) {
            line += ',';
            append_json_string(line, field.name);
            line += ':';
        } else {
            line += ' ';
            line += field.name;
            line += '=';
        }
        append_value(line, format, field.value);
    };
    std::ranges::for_each(fields, append);
    if (const Span *span = SpanScope::current()) {
        append({"trace_id", span->context.trace_id});
        append({"span_id", span->context.span_id});
    }
    if (format == LogFormat::json) line += '}';
    return line;
}

struct Log::Sink {
    spdlog::logger logger;
};

Log::Log(Level threshold, LogFormat format)
    : sink_(new Sink{spdlog::logger("", std::make_shared<spdlog::sinks::stderr_sink_mt>())}), threshold_(threshold),
      format_(format)
{
    sink_->logger.set_pattern("%v");
    sink_->logger.set_level(spdlog_level(threshold));
    sink_->logger.set_error_handler([](const std::string &) {}); // a closed stderr must not stop the daemon
}

Log::Log(const Settings &settings)
    : Log(level_named(settings.text(Key::log_level)),
          settings.text(Key::log_format) == "text" ? LogFormat::text : LogFormat::json)
{
}

Log::~Log() = default;

void Log::observe(const Event &event)
{
    const EventKind &kind = kind_of(event);
    if (kind.level < threshold_) return;
    const auto now = std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
    const std::string line = format_line(format_, now, kind, fields_of(event));
    sink_->logger.log(spdlog_level(kind.level), spdlog::string_view_t(line));
}

} // namespace analytics::runtime
