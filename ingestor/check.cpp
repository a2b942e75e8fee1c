#include "check.hpp"

#include "feed/check_feeds.hpp"
#include "group_store.hpp"
#include "kafka_consumer.hpp"
#include "sql_writer.hpp"

namespace analytics::ingestor {
namespace {

using runtime::ExitCode;
using runtime::Key;

constexpr Milliseconds kafka_timeout{10'000};

bool is_group_of_another_store(KafkaConsumer &consumer, SqlWriter &writer, const std::string &group,
                               runtime::Observer &observe)
{
    const auto store = writer.store([] { return true; });
    if (!std::holds_alternative<Store>(store)) return false; // the rehearsal has reported it
    GroupStore group_store(consumer, observe, group, false);
    return group_store.check(std::get<Store>(store)) == GroupStore::Owner::another;
}

} // namespace

ExitCode check(const runtime::Start &start, runtime::Observer &observe)
{
    KafkaConsumer consumer(start.settings, observe);
    SqlWriter writer(start.settings, observe);
    const auto of_database = writer.reachability_fault();
    if (of_database)
        observe(event::DependencyUnreachable{.dependency = "postgresql",
                                             .sqlstate = of_database->sqlstate(),
                                             .message = of_database->what(),
                                             .hint = of_database->optional_hint()});
    const std::string of_kafka = consumer.reachability_fault(kafka_timeout);
    if (!of_kafka.empty()) observe(event::DependencyUnreachable{.dependency = "kafka", .message = of_kafka});
    if (of_database || !of_kafka.empty()) return ExitCode::unreachable;
    if (!start.adopt_group &&
        is_group_of_another_store(consumer, writer, start.settings.text(Key::kafka_consumer_group), observe))
        return ExitCode::settings;
    if (!check_feeds(start.settings, observe)) return ExitCode::unreachable;
    observe(event::CheckPassed{});
    return ExitCode::stopped;
}

} // namespace analytics::ingestor
