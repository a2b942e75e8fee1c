/* analytics-ingestor: what it is made of, put together. The loop is in run. */
#include "../runtime/command_line.hpp"
#include "../runtime/heap.hpp"
#include "../runtime/log.hpp"
#include "../runtime/metrics_ingestor.hpp"
#include "../runtime/service_manager.hpp"
#include "../runtime/signals.hpp"
#include "../runtime/traces.hpp"
#include "admin.hpp"
#include "consumer.hpp"
#include "group_store.hpp"
#include "kafka_faults.hpp"
#include "lane_threads.hpp"
#include "options.hpp"
#include "publishing.hpp"
#include "run.hpp"
#include "steady_clock.hpp"
#include "writer.hpp"

#include <exception>
#include <optional>

namespace {

using namespace analytics;
using runtime::Event;
using runtime::ExitCode;
using runtime::Key;

constexpr ingestor::Milliseconds check_timeout{10'000};

/* Whether the group is ours, or nobody's. */
bool check_group(ingestor::KafkaConsumer &consumer, ingestor::SqlWriter &writer, const std::string &group,
                 runtime::Observer &observe)
{
    const auto store = writer.store([] { return true; });
    if (!std::holds_alternative<ingestor::Store>(store)) return true; // the rehearsal has said so
    ingestor::GroupStore whose(consumer, observe, group, false);
    return whose.check(std::get<ingestor::Store>(store)) != ingestor::GroupStore::Answer::anothers;
}

ExitCode check(ingestor::KafkaConsumer &consumer, ingestor::SqlWriter &writer, const runtime::Start &start,
               runtime::Observer &observe)
{
    bool is_well = true;
    const auto tell = [&](const char *dependency, const std::string &fault) {
        if (fault.empty()) return;
        observe(Event::dependency_unreachable, {{"dependency", dependency}, {"message", fault}});
        is_well = false;
    };
    tell("postgresql", writer.reachability_fault());
    tell("kafka", consumer.reachability_fault(check_timeout));
    const bool adopts = start.adopt_group;
    if (is_well && !adopts && !check_group(consumer, writer, start.settings.text(Key::kafka_consumer_group), observe))
        return ExitCode::settings;
    if (is_well) observe(Event::check_passed);
    return is_well ? ExitCode::stopped : ExitCode::unreachable;
}

ExitCode serve(const runtime::Start &start, const runtime::Signals &signals, const ingestor::Admin &admin,
               runtime::Observer &observe)
try {
    ingestor::KafkaConsumer consumer(start.settings, observe);
    if (start.check) {
        ingestor::SqlWriter writer(start.settings, observe);
        return check(consumer, writer, start, observe);
    }

    observe(Event::started, {{"version", ANALYTICS_VERSION},
                             {"topic", start.settings.text(Key::kafka_topic)},
                             {"group", start.settings.text(Key::kafka_consumer_group)}});
    std::optional<runtime::AdminPort> port;
    if (start.settings.is_given(Key::ingestor_admin_port))
        port.emplace(
            start.settings.text(Key::ingestor_admin_host),
            static_cast<int>(start.settings.integer(Key::ingestor_admin_port)),
            runtime::HostNames(start.settings.text(Key::http_allowed_hosts),
                               start.settings.text(Key::ingestor_admin_host)),
            [&admin](std::string_view path) { return admin.answer(path); }, observe);
    consumer.subscribe();
    const ingestor::Publishing publishing(start.settings, observe);
    ingestor::LaneThreads lanes(ingestor::sql_writers(start.settings, observe), [&consumer] { consumer.wake(); });
    ingestor::SteadyClock clock;
    const ExitCode code = ingestor::run(consumer, lanes, clock, signals.token(), observe,
                                        ingestor::options_of(start.settings, start.adopt_group));
    observe(Event::stopped, {{"code", static_cast<int>(code)}});
    return code;
} catch (const runtime::SettingFaults &faults) {
    runtime::tell(faults, observe);
    return ExitCode::settings;
} catch (const std::exception &error) {
    observe(Event::fault, {{"message", error.what()}});
    return ExitCode::fault;
}

} // namespace

int main(int argc, char **argv)
{
    runtime::give_back_large_blocks();
    const auto start = runtime::start_up(runtime::Daemon::ingestor, argc, argv, ingestor::kafka_property_fault,
                                         ingestor::kafka_faults);
    if (const auto *code = std::get_if<ExitCode>(&start)) return static_cast<int>(*code);
    const auto &begun = std::get<runtime::Start>(start);

    const runtime::Signals signals; // before librdkafka's threads, which inherit the mask
    runtime::Log log(begun.settings);
    runtime::ServiceManager systemd;
    runtime::IngestorMetrics metrics;
    ingestor::Admin admin(metrics);
    runtime::Observers of_spans{&log, &metrics};
    runtime::Traces traces(runtime::traces_options("analytics-ingestor", runtime::process_environment()), of_spans);
    runtime::Observers observe{&log, &systemd, &metrics, &admin, &traces};
    return static_cast<int>(serve(begun, signals, admin, observe));
}
