/* The log: one event a line on stderr, as a JSON object or as text (logfmt).
 *
 *     {"time":"2026-01-02T03:04:05.678901Z","level":"info","event":"batch_committed","topic":"t","partition":0,…}
 *
 * A line ends with trace_id and span_id while the thread has a current span. A line is always valid: bytes that are
 * not UTF-8 (a server's message in another encoding) are replaced by U+FFFD, and control characters are escaped, so
 * nobody can forge a line. */
#pragma once

#include "observe.hpp"

#include <chrono>
#include <memory>
#include <string>

namespace analytics::runtime {

class Settings;

enum class LogFormat : std::uint8_t { json, text };

using LogTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;

/** One line without its newline. */
std::string format_line(LogFormat format, LogTime time, const EventKind &kind, const Fields &fields);

class Log final : public Observer {
public:
    Log(Level threshold, LogFormat format);
    /** As ANALYTICS_LOG_LEVEL and ANALYTICS_LOG_FORMAT say. */
    explicit Log(const Settings &settings);
    ~Log() override;
    Log(const Log &) = delete;
    Log &operator=(const Log &) = delete;

    void observe(const Event &event) override;

private:
    struct Sink;
    std::unique_ptr<Sink> sink_;
    Level threshold_;
    LogFormat format_;
};

} // namespace analytics::runtime
