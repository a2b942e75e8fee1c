/* The Clock that runs by itself. */
#pragma once

#include "ports.hpp"

#include <condition_variable>
#include <mutex>

namespace analytics::ingestor {

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
