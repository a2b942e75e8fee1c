#include "health.hpp"

#include <utility>

namespace analytics::ingestor {

using runtime::Event;

Health::Health(Consumer &consumer, runtime::Observer &observe, const RunOptions &options)
    : consumer_(consumer), observe_(observe), options_(options),
      backoff_(options.first_pause, options.longest_pause, options.seed)
{
}

std::optional<Time> Health::retry_at() const noexcept
{
    return sickness_ ? std::optional(sickness_->retry_at) : std::nullopt;
}

bool Health::may_try(Time now)
{
    if (!sickness_) return true;
    if (now < sickness_->retry_at) return false;
    sickness_->retry_at = now + backoff_.next();
    return true;
}

void Health::failed(const Failure &failure, Time begun, Time now)
{
    if (sickness_) return;
    observe_(Event::database_unavailable, {{"sqlstate", failure.sqlstate}, {"message", failure.message}});
    sickness_ = Sickness{begun, now + backoff_.next()};
}

void Health::answered(Time now)
{
    if (const auto sickness = std::exchange(sickness_, std::nullopt)) {
        const auto lasted = std::chrono::duration_cast<Milliseconds>(now - sickness->since);
        observe_(Event::database_recovered, {{"milliseconds", lasted.count()}, {"attempts", backoff_.attempts()}});
        backoff_.reset();
    }
    if (std::exchange(holds_kafka_, false)) {
        consumer_.resume();
        observe_(Event::consumption_resumed);
    }
}

void Health::hurry(Time now)
{
    if (!sickness_) return;
    backoff_.reset();
    sickness_->retry_at = now + backoff_.next();
}

void Health::turned(bool is_stuck, const Holdings &holdings, Time now)
{
    if (!is_stuck || holds_kafka_) {
        stuck_since_.reset();
        return;
    }
    if (!stuck_since_) stuck_since_ = now;
    if (now - *stuck_since_ < (sickness_ ? options_.hold_sick_after : options_.hold_slow_after)) return;
    holds_kafka_ = true;
    observe_(Event::consumption_paused, {{"records_in_hand", holdings.records()}});
    consumer_.pause();
}

} // namespace analytics::ingestor
