#include "admin.hpp"

namespace analytics::ingestor {
namespace {

using runtime::Event;

constexpr std::chrono::seconds longest_turn{60}; // as the unit's WatchdogSec

AdminAnswer status(bool is_up)
{
    return is_up ? AdminAnswer{.body = R"({"status":"UP"})"}
                 : AdminAnswer{.status = 503, .body = R"({"status":"DOWN"})"};
}

} // namespace

std::optional<AdminAnswer> Admin::answer(std::string_view path) const
{
    if (path == "/livez") return status(is_live());
    if (path == "/readyz") return status(is_live() && is_reading_ && is_database_up_ && is_kafka_up_);
    if (path == "/metrics")
        return AdminAnswer{.body = metrics_.exposition(), .content_type = runtime::Metrics::content_type};
    return {};
}

bool Admin::is_live() const
{
    return SteadyTime::now() - SteadyTime::time_point(SteadyTime::duration(alive_at_)) < longest_turn;
}

void Admin::observe(Event event, std::span<const runtime::Field> /*fields*/)
{
    switch (event) {
    case Event::partitions_ready:
        is_reading_ = true;
        break;
    case Event::partitions_revoked:
    case Event::stopping:
        is_reading_ = false;
        break;
    case Event::database_unavailable:
    case Event::database_refused:
        is_database_up_ = false;
        break;
    case Event::database_recovered:
        is_database_up_ = true;
        break;
    case Event::kafka_unavailable:
        is_kafka_up_ = false;
        break;
    case Event::kafka_recovered:
        is_kafka_up_ = true;
        break;
    default:
        break;
    }
}

} // namespace analytics::ingestor
