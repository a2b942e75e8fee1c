/* Lets something happen at once, and then once an interval at most: a sign of life, a report.
 *
 * The surprising thing: "never yet" is not the time zero. A steady clock begins when the machine boots, so zero is
 * recent on a machine that has just started. */
#pragma once

#include <chrono>
#include <optional>

namespace analytics::runtime {

class Throttle {
public:
    using Time = std::chrono::steady_clock::time_point;

    explicit Throttle(Time::duration interval) : interval_(interval) {}

    /** Whether it may happen now; the next interval counts from here when it may. */
    [[nodiscard]] bool admits(Time now)
    {
        if (last_ && now - *last_ < interval_) return false;
        last_ = now;
        return true;
    }

private:
    Time::duration interval_;
    std::optional<Time> last_;
};

} // namespace analytics::runtime
