/* Events of both daemons. See events.hpp. */
#pragma once

#include "event_field.hpp"

namespace analytics::event {

struct Started {
    static constexpr EventKind kind{"started", Level::info};
    std::string_view version = {};
    std::optional<std::string_view> topic = {};
    std::optional<std::string_view> group = {};
    ANALYTICS_FIELDS(version, topic, group);
};

struct Stopping {
    static constexpr EventKind kind{"stopping", Level::info};
    std::optional<std::size_t> records_buffered = {};
    ANALYTICS_FIELDS(records_buffered);
};

struct Stopped {
    static constexpr EventKind kind{"stopped", Level::info};
    std::optional<int> code = {};
    ANALYTICS_FIELDS(code);
};

struct SettingRefused {
    static constexpr EventKind kind{"setting_refused", Level::error};
    std::string_view setting = {};
    std::string_view message = {};
    ANALYTICS_FIELDS(setting, message);
};

struct CheckPassed {
    static constexpr EventKind kind{"check_passed", Level::info};
    std::optional<std::string_view> extension = {};
    ANALYTICS_FIELDS(extension);
};

struct DependencyUnreachable {
    static constexpr EventKind kind{"dependency_unreachable", Level::error};
    std::string_view dependency = {};
    std::optional<std::string_view> sqlstate = {};
    std::string_view message = {};
    std::optional<std::string_view> hint = {};
    ANALYTICS_FIELDS(dependency, sqlstate, message, hint);
};

struct Fault {
    static constexpr EventKind kind{"fault", Level::error};
    std::string_view message = {};
    ANALYTICS_FIELDS(message);
};

struct DatabaseConnected {
    static constexpr EventKind kind{"database_connected", Level::debug};
    std::string_view pool = {};
    std::string_view schema = {};
    ANALYTICS_FIELDS(pool, schema);
};

struct DatabaseUnavailable {
    static constexpr EventKind kind{"database_unavailable", Level::warning};
    std::optional<std::string_view> pool = {};
    std::string_view sqlstate = {};
    std::string_view message = {};
    std::optional<std::string_view> hint = {};
    ANALYTICS_FIELDS(pool, sqlstate, message, hint);
};

struct DatabaseRecovered {
    static constexpr EventKind kind{"database_recovered", Level::info};
    std::optional<std::string_view> pool = {};
    std::optional<std::int64_t> milliseconds = {};
    std::optional<std::int64_t> attempts = {};
    ANALYTICS_FIELDS(pool, milliseconds, attempts);
};

struct DatabaseRefused {
    static constexpr EventKind kind{"database_refused", Level::error};
    std::string_view sqlstate = {};
    std::string_view message = {};
    std::string_view hint = {};
    ANALYTICS_FIELDS(sqlstate, message, hint);
};

struct DatabaseNotice {
    static constexpr EventKind kind{"database_notice", Level::info};
    std::string_view severity = {};
    std::string_view sqlstate = {};
    std::string_view message = {};
    ANALYTICS_FIELDS(severity, sqlstate, message);
};

struct DatabaseCalled {
    static constexpr EventKind kind{"database_called", Level::debug};
    std::string_view pool = {};
    std::string_view statement = {};
    double milliseconds = 0;
    std::string_view sqlstate = {};
    ANALYTICS_FIELDS(pool, statement, milliseconds, sqlstate);
};

struct SpansSent {
    static constexpr EventKind kind{"spans_sent", Level::debug};
    std::size_t spans = 0;
    ANALYTICS_FIELDS(spans);
};

struct SpansDropped {
    static constexpr EventKind kind{"spans_dropped", Level::debug};
    std::size_t spans = 0;
    std::string_view message = {};
    ANALYTICS_FIELDS(spans, message);
};

struct CollectorUnavailable {
    static constexpr EventKind kind{"collector_unavailable", Level::warning};
    std::string_view message = {};
    ANALYTICS_FIELDS(message);
};

struct CollectorRecovered {
    static constexpr EventKind kind{"collector_recovered", Level::info};
    ANALYTICS_FIELDS();
};

struct Listening {
    static constexpr EventKind kind{"listening", Level::info};
    std::string_view host = {};
    std::int64_t port = 0;
    ANALYTICS_FIELDS(host, port);
};

} // namespace analytics::event
