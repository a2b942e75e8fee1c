/* analytics-http: /v1 over the database's functions. The parts are made and put together here. api/routes.hpp has the
 * routes, server/ how requests are answered. */
#include "api/handler.hpp"
#include "auth/access.hpp"
#include "auth/exposure.hpp"
#include "metrics.hpp"
#include "options.hpp"
#include "server/listener.hpp"

#include "../runtime/command_line.hpp"
#include "../runtime/heap.hpp"
#include "../runtime/log.hpp"
#include "../runtime/service_manager.hpp"
#include "../runtime/signals.hpp"
#include "../runtime/traces.hpp"

#include <thread>

namespace {

using namespace analytics::http;
using namespace analytics::runtime;
namespace event = analytics::event;

ExitCode check(const Settings &settings, const Access &access, Observer &log)
try {
    const Result found = Pool(service_pool(settings), log).run(0, version, {}, {});
    if (const std::string tenant = access.some_tenant(); !tenant.empty())
        Pool(tenant_pool(settings), log).run(0, version, {}, tenant);
    log(event::CheckPassed{.extension = found.text(0, 0)});
    return ExitCode::stopped;
} catch (const DbError &error) {
    log(event::DependencyUnreachable{.dependency = "postgresql",
                                     .sqlstate = error.sqlstate(),
                                     .message = error.what(),
                                     .hint = error.optional_hint()});
    return ExitCode::unreachable;
}

ExitCode serve(const Settings &settings, const Signals &signals, Access &access, HttpMetrics &metrics, Observer &log,
               Observer &without_watchdog)
try {
    Pool pool(service_pool(settings), log);
    Pool probe(probe_pool(settings), log);
    Pool tenants(tenant_pool(settings), log);
    Pool feed_sessions(feed_pool(settings, signals.token()), log);
    Pool feed_tenants(feed_tenant_pool(settings, signals.token()), log);
    Feeds feeds(feeds_options(settings), feed_sessions, feed_tenants, log);
    metrics.watch_feeds([&] { return feeds.use(); });
    for (const Pool *each : {&pool, &probe, &tenants, &feed_sessions, &feed_tenants})
        metrics.watch_pool(std::string(each->name()), [each] { return each->use(); });
    const auto names = [&](Key host) { return HostNames(settings.text(Key::allowed_hosts), settings.text(host)); };
    Listener service(
        service_listener(settings),
        Responder(Handler(service_routes(), pool, probe, signals.token(), KeyedAccess{access, tenants, &feeds}),
                  names(Key::service_host), Cors(settings.text(Key::http_cors_origins))),
        log, signals.token());
    std::stop_source after; // the service has ended
    Listener admin(admin_listener(settings),
                   Responder(Handler(admin_routes(), probe, probe, signals.token(), std::nullopt, &metrics),
                             names(Key::http_admin_host), Cors({})),
                   without_watchdog, after.get_token());

    log(event::Started{.version = ANALYTICS_VERSION});
    const std::stop_callback stopping(signals.token(), [&] { log(event::Stopping{}); });
    const std::jthread admin_thread([&](const std::stop_token &ended) {
        const std::stop_callback end(ended, [&] { after.request_stop(); });
        admin.run();
    });
    if (!service.run()) return ExitCode::fault;
    log(event::Stopped{});
    return ExitCode::stopped;
} catch (const std::exception &error) {
    log(event::Fault{.message = error.what()});
    return ExitCode::fault;
}

ExitCode run(const Settings &settings, bool is_check, const Signals &signals, Log &log)
try {
    Access access(settings.text(Key::http_api_keys_file));
    const Hangup hangup([&] { access.reload(log); }); // before the threads of traces, which inherit the mask
    DaemonState state;
    ServiceManager manager(state);
    HttpMetrics metrics;
    Observers for_traces{&log, &metrics};
    Traces traces(traces_options("analytics-http", process_environment()), for_traces);
    Observers without_watchdog{&log, &metrics, &traces};
    Observers observe{&without_watchdog, &state, &manager}; // whose watchdog is fed by the service's loop alone
    return is_check ? check(settings, access, log)
                    : serve(settings, signals, access, metrics, observe, without_watchdog);
} catch (const KeyFault &fault) {
    log(event::SettingRefused{.setting = "ANALYTICS_HTTP_API_KEYS_FILE", .message = fault.what()});
    return ExitCode::settings;
}

} // namespace

int main(int argc, char **argv)
{
    give_back_large_blocks();
    const auto start = start_up(Daemon::http, argc, argv);
    if (const auto *code = std::get_if<ExitCode>(&start)) return static_cast<int>(*code);
    const auto &begun = std::get<Start>(start);
    const Settings &settings = begun.settings;

    const Signals signals; // before any other thread, which inherits the mask
    Log log(settings);
    if (const auto fault = exposure_fault(settings)) {
        log(event::SettingRefused{.setting = fault->setting, .message = fault->message});
        return static_cast<int>(ExitCode::settings);
    }
    return static_cast<int>(run(settings, begun.check, signals, log));
}
