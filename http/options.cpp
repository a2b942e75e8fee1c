#include "options.hpp"

#include <algorithm>

namespace analytics::http {

namespace {

using runtime::Key;
using runtime::Milliseconds;
using runtime::Settings;

constexpr Milliseconds slack{2'000};      // at most: the server cancels first, by statement_timeout
constexpr Milliseconds probe_time{1'000}; // a probe that takes longer has its answer
constexpr Milliseconds wait{2'000};       // of a request for a worker, at most

PoolOptions pool(const Settings &settings, std::string_view name, std::size_t size, Milliseconds timeout)
{
    PoolOptions options;
    options.session.name = name;
    options.session.target.conninfo = settings.conninfo();
    options.session.target.application_name = "analytics-http";
    options.session.target.connect_timeout = std::min(timeout, options.session.target.connect_timeout);
    options.session.settings = {{"statement_timeout", std::to_string(timeout.count())},
                                {"analytics.metrics_window_minutes", settings.text(Key::metrics_window_minutes)},
                                {"client_min_messages", "error"},
                                {"jit", "off"}}; // our statements are short: compiling takes longer than running
    options.session.deadline = timeout + std::min(slack, timeout / 2);
    options.size = size;
    return options;
}

/** workers: those that run statements; one more answers probes. */
ListenerOptions listener(const Settings &settings, Key host, Key port, std::size_t workers)
{
    ListenerOptions options;
    options.host = settings.text(host);
    options.workers.size = workers;
    options.workers.max_wait = std::min(wait, settings.milliseconds(Key::http_timeout_ms));
    options.probes.max_wait = probe_time;
    options.port = static_cast<int>(settings.integer(port));
    // The rest is for the database, files and the other port.
    if (const std::size_t descriptors = raise_descriptors(); descriptors < 2 * options.max_clients)
        options.max_clients = descriptors / 2;
    options.limits.head.max_body = static_cast<std::uint64_t>(settings.integer(Key::http_max_body_bytes));
    options.max_held = std::max<std::size_t>(options.max_held, 2 * options.limits.head.max_body);
    return options;
}

} // namespace

PoolOptions service_pool(const Settings &settings)
{
    return pool(settings, "service", static_cast<std::size_t>(settings.integer(Key::http_pool_size)),
                settings.milliseconds(Key::http_timeout_ms));
}

PoolOptions probe_pool(const Settings &settings)
{
    return pool(settings, "probe", 1, probe_time);
}

PoolOptions tenant_pool(const Settings &settings)
{
    PoolOptions options = service_pool(settings);
    options.session.name = "tenants";
    options.session.role = settings.text(Key::http_tenant_role);
    return options;
}

FeedsOptions feeds_options(const Settings &settings)
{
    FeedsOptions options;
    options.hub.max_readers = static_cast<std::size_t>(settings.integer(Key::http_streams));
    options.patience = settings.milliseconds(Key::http_timeout_ms);
    return options;
}

PoolOptions feed_pool(const Settings &settings, const std::stop_token &stop)
{
    PoolOptions options =
        pool(settings, "feeds", FeedHubOptions{}.threads + 1, settings.milliseconds(Key::http_timeout_ms));
    options.session.target.keep_waiting = [stop] { return !stop.stop_requested(); };
    return options;
}

PoolOptions feed_tenant_pool(const Settings &settings, const std::stop_token &stop)
{
    PoolOptions options = feed_pool(settings, stop);
    options.session.name = "feed_tenants";
    options.session.role = settings.text(Key::http_tenant_role);
    options.size = FeedHubOptions{}.threads;
    return options;
}

ListenerOptions service_listener(const Settings &settings)
{
    return listener(settings, Key::service_host, Key::service_port,
                    static_cast<std::size_t>(settings.integer(Key::http_pool_size)));
}

ListenerOptions admin_listener(const Settings &settings)
{
    return listener(settings, Key::http_admin_host, Key::http_admin_port, 0); // it has no statements but the probe's
}

} // namespace analytics::http
