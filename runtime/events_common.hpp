/* Events of both daemons. See events.hpp. */
#pragma once

#include "event_field.hpp"

namespace analytics::event {

struct Started {
    static constexpr EventKind kind{"started", Level::info};
    std::string_view version = {};
    std::optional<std::string_view> topic = {};
    std::optional<std::string_view> group = {};
    [[nodiscard]] Fields fields() const { return {{"version", version}, {"topic", topic}, {"group", group}}; }
};

struct Stopping {
    static constexpr EventKind kind{"stopping", Level::info};
    std::optional<std::size_t> records_buffered = {};
    [[nodiscard]] Fields fields() const { return {{"records_buffered", records_buffered}}; }
};

struct Stopped {
    static constexpr EventKind kind{"stopped", Level::info};
    std::optional<int> code = {};
    [[nodiscard]] Fields fields() const { return {{"code", code}}; }
};

struct SettingRefused {
    static constexpr EventKind kind{"setting_refused", Level::error};
    std::string_view setting = {};
    std::string_view message = {};
    [[nodiscard]] Fields fields() const { return {{"setting", setting}, {"message", message}}; }
};

struct CheckPassed {
    static constexpr EventKind kind{"check_passed", Level::info};
    std::optional<std::string_view> extension = {};
    [[nodiscard]] Fields fields() const { return {{"extension", extension}}; }
};

struct DependencyUnreachable {
    static constexpr EventKind kind{"dependency_unreachable", Level::error};
    std::string_view dependency = {};
    std::optional<std::string_view> sqlstate = {};
    std::string_view message = {};
    std::optional<std::string_view> hint = {};
    [[nodiscard]] Fields fields() const
    {
        return {{"dependency", dependency}, {"sqlstate", sqlstate}, {"message", message}, {"hint", hint}};
    }
};

struct Fault {
    static constexpr EventKind kind{"fault", Level::error};
    std::string_view message = {};
    [[nodiscard]] Fields fields() const { return {{"message", message}}; }
};

struct DatabaseConnected {
    static constexpr EventKind kind{"database_connected", Level::debug};
    std::string_view pool = {};
    std::string_view schema = {};
    [[nodiscard]] Fields fields() const { return {{"pool", pool}, {"schema", schema}}; }
};

struct DatabaseUnavailable {
    static constexpr EventKind kind{"database_unavailable", Level::warning};
    std::optional<std::string_view> pool = {};
    std::string_view sqlstate = {};
    std::string_view message = {};
    std::optional<std::string_view> hint = {};
    [[nodiscard]] Fields fields() const
    {
        return {{"pool", pool}, {"sqlstate", sqlstate}, {"message", message}, {"hint", hint}};
    }
};

struct DatabaseRecovered {
    static constexpr EventKind kind{"database_recovered", Level::info};
    std::optional<std::string_view> pool = {};
    std::optional<std::int64_t> milliseconds = {};
    std::optional<std::int64_t> attempts = {};
    [[nodiscard]] Fields fields() const
    {
        return {{"pool", pool}, {"milliseconds", milliseconds}, {"attempts", attempts}};
    }
};

struct DatabaseRefused {
    static constexpr EventKind kind{"database_refused", Level::error};
    std::string_view sqlstate = {};
    std::string_view message = {};
    std::string_view hint = {};
    [[nodiscard]] Fields fields() const { return {{"sqlstate", sqlstate}, {"message", message}, {"hint", hint}}; }
};

struct DatabaseNotice {
    static constexpr EventKind kind{"database_notice", Level::info};
    std::string_view severity = {};
    std::string_view sqlstate = {};
    std::string_view message = {};
    [[nodiscard]] Fields fields() const
    {
        return {{"severity", severity}, {"sqlstate", sqlstate}, {"message", message}};
    }
};

struct DatabaseCalled {
    static constexpr EventKind kind{"database_called", Level::debug};
    std::string_view pool = {};
    std::string_view statement = {};
    double milliseconds = 0;
    std::string_view sqlstate = {};
    [[nodiscard]] Fields fields() const
    {
        return {{"pool", pool}, {"statement", statement}, {"milliseconds", milliseconds}, {"sqlstate", sqlstate}};
    }
};

struct SpansSent {
    static constexpr EventKind kind{"spans_sent", Level::debug};
    std::size_t spans = 0;
    [[nodiscard]] Fields fields() const { return {{"spans", spans}}; }
};

struct SpansDropped {
    static constexpr EventKind kind{"spans_dropped", Level::debug};
    std::size_t spans = 0;
    std::string_view message = {};
    [[nodiscard]] Fields fields() const { return {{"spans", spans}, {"message", message}}; }
};

struct CollectorUnavailable {
    static constexpr EventKind kind{"collector_unavailable", Level::warning};
    std::string_view message = {};
    [[nodiscard]] Fields fields() const { return {{"message", message}}; }
};

struct CollectorRecovered {
    static constexpr EventKind kind{"collector_recovered", Level::info};
    [[nodiscard]] Fields fields() const { return {}; }
};

struct Listening {
    static constexpr EventKind kind{"listening", Level::info};
    std::string_view host = {};
    std::int64_t port = 0;
    [[nodiscard]] Fields fields() const { return {{"host", host}, {"port", port}}; }
};

} // namespace analytics::event
