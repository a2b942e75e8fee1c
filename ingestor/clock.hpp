/* Time, as the loop and the publisher of dead letters see it. Tests use a clock of their own. */
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>

namespace analytics::ingestor {

using Time = std::chrono::steady_clock::time_point;

class Clock {
public:
    virtual ~Clock() = default;

    virtual Time now() = 0;
    /** Until that time, or until a stop is requested. */
    virtual void wait(Time until, const std::stop_token &stop) = 0;
};

class SteadyClock final : public Clock {
public:
    Time now() override { return std::chrono::steady_clock::now(); }

    void wait(Time until, const std::stop_token &stop) override
    {
        std::mutex mutex;
        std::condition_variable_any changed;
        std::unique_lock lock(mutex);
        changed.wait_until(lock, stop, until, [] { return false; });
    }
};

} // namespace analytics::ingestor
