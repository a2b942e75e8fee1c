#include "database_health.hpp"

#include <utility>

namespace analytics::ingestor {

DatabaseHealth::DatabaseHealth(Consumer &consumer, runtime::Observer &observe, const RunOptions &options)
    : consumer_(consumer), observe_(observe), options_(options),
      backoff_(options.first_pause, options.longest_pause, options.seed)
{
}

std::optional<Time> DatabaseHealth::retry_at() const noexcept
{
    return sickness_ ? std::optional(sickness_->retry_at) : std::nullopt;
}

bool DatabaseHealth::may_try(Time now)
{
    if (!sickness_) return true;
    if (now < sickness_->retry_at) return false;
    sickness_->retry_at = now + backoff_.next();
    return true;
}

void DatabaseHealth::failed(const Failure &failure, Time begun, Time now)
{
    if (sickness_) return;
    observe_(event::DatabaseUnavailable{.sqlstate = failure.sqlstate, .message = failure.message});
    sickness_ = Sickness{begun, now + backoff_.next()};
}

bool DatabaseHealth::answered(Time now)
{
    const auto sickness = std::exchange(sickness_, std::nullopt);
    if (sickness) {
        const auto lasted = std::chrono::duration_cast<Milliseconds>(now - sickness->since);
        observe_(event::DatabaseRecovered{.milliseconds = lasted.count(), .attempts = backoff_.attempts()});
        backoff_.reset();
    }
    if (std::exchange(is_paused_, false)) {
        consumer_.resume();
        observe_(event::ConsumptionResumed{});
    }
    return sickness.has_value();
}

void DatabaseHealth::retry_soon(Time now)
{
    if (!sickness_) return;
    backoff_.reset();
    sickness_->retry_at = now + backoff_.next();
}

void DatabaseHealth::check_progress(bool is_stuck, const PartitionBuffers &buffers, Time now)
{
    if (!is_stuck || is_paused_) {
        stuck_since_.reset();
        return;
    }
    if (!stuck_since_) stuck_since_ = now;
    if (now - *stuck_since_ < (sickness_ ? options_.pause_sick_after : options_.pause_slow_after)) return;
    is_paused_ = true;
    observe_(event::ConsumptionPaused{.records_buffered = buffers.records()});
    consumer_.pause();
}

} // namespace analytics::ingestor
