/* analytics-ingestor, put together from its parts. The loop is in run. */
#include "../runtime/command_line.hpp"
#include "../runtime/heap.hpp"
#include "../runtime/log.hpp"
#include "../runtime/service_manager.hpp"
#include "../runtime/signals.hpp"
#include "../runtime/traces.hpp"
#include "admin.hpp"
#include "check.hpp"
#include "feed/feed_publisher.hpp"
#include "kafka_consumer.hpp"
#include "kafka_setting_faults.hpp"
#include "metrics.hpp"
#include "publish_only.hpp"
#include "run.hpp"
#include "sql_writer.hpp"
#include "writer_threads.hpp"

#include <exception>

namespace {

using namespace analytics;
using runtime::ExitCode;
using runtime::Key;

ExitCode consume(const runtime::Start &start, const runtime::Signals &signals, runtime::Observer &observe)
{
    ingestor::KafkaConsumer consumer(start.settings, observe);
    consumer.subscribe();
    ingestor::WriterThreads workers(ingestor::sql_writers(start.settings, observe), [&consumer] { consumer.wake(); });
    ingestor::SteadyClock clock;
    return ingestor::run(consumer, workers, clock, signals.token(), observe,
                         ingestor::run_options(start.settings, start.adopt_group));
}

ExitCode serve(const runtime::Start &start, const runtime::Signals &signals, const ingestor::Admin &admin,
               runtime::Observer &observe)
try {
    const runtime::Settings &settings = start.settings;
    if (start.check) return ingestor::check(start, observe);

    observe(event::Started{.version = ANALYTICS_VERSION,
                           .topic = settings.text(Key::kafka_topic),
                           .group = settings.text(Key::kafka_consumer_group)});
    const auto port = ingestor::open_admin_port(
        settings, [&admin](std::string_view path) { return admin.answer(path); }, observe);
    const ingestor::FeedPublisher feeds(settings, observe);
    const ExitCode code =
        start.publish_only ? ingestor::publish_only(signals.token(), observe) : consume(start, signals, observe);
    observe(event::Stopped{.code = static_cast<int>(code)});
    return code;
} catch (const runtime::SettingFaults &faults) {
    runtime::report(faults, observe);
    return ExitCode::settings;
} catch (const std::exception &error) {
    observe(event::Fault{.message = error.what()});
    return ExitCode::fault;
}

} // namespace

int main(int argc, char **argv)
{
    runtime::give_back_large_blocks();
    const auto outcome = runtime::start_up(runtime::Daemon::ingestor, argc, argv, ingestor::kafka_property_fault,
                                           ingestor::kafka_faults);
    if (const auto *code = std::get_if<ExitCode>(&outcome)) return static_cast<int>(*code);
    const auto &start = std::get<runtime::Start>(outcome);

    const runtime::Signals signals; // before librdkafka's threads, which inherit the mask
    runtime::Log log(start.settings);
    runtime::DaemonState state;
    runtime::ServiceManager systemd(state);
    ingestor::IngestorMetrics metrics(state);
    ingestor::Admin admin(state, metrics);
    runtime::Observers of_spans{&log, &metrics};
    runtime::Traces traces(runtime::traces_options("analytics-ingestor", runtime::process_environment()), of_spans);
    runtime::Observers observe{&log, &state, &systemd, &metrics, &admin, &traces};
    return static_cast<int>(serve(start, signals, admin, observe));
}
