#include "admin.hpp"

namespace analytics::ingestor {
namespace {

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
    if (path == "/readyz") {
        const auto now = state_.snapshot();
        return status(is_live() && now.is_ready && now.is_database_up && now.is_kafka_up);
    }
    if (path == "/metrics")
        return AdminAnswer{.body = metrics_.exposition(), .content_type = runtime::Metrics::content_type};
    return {};
}

bool Admin::is_live() const
{
    return SteadyTime::now() - SteadyTime::time_point(SteadyTime::duration(alive_at_)) < longest_turn;
}

} // namespace analytics::ingestor
