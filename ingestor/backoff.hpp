/* How long to wait before the next attempt: a bound that doubles from first to cap. Each wait is drawn from the
 * upper half of its bound ("equal jitter"), so that daemons which lost the same server don't return at the same
 * moment. */
#pragma once

#include <chrono>
#include <cstdint>
#include <random>

namespace analytics::ingestor {

class Backoff {
public:
    using Milliseconds = std::chrono::milliseconds;

    Backoff(Milliseconds first, Milliseconds cap, std::uint64_t seed) : first_(first), cap_(cap), random_(seed) {}

    /** In [bound/2, bound], bound = min(first * 2^(calls before), cap). */
    Milliseconds next();

    void reset() noexcept { attempts_ = 0; }
    [[nodiscard]] unsigned attempts() const noexcept { return attempts_; }

private:
    Milliseconds first_;
    Milliseconds cap_;
    unsigned attempts_ = 0;
    std::minstd_rand random_;
};

} // namespace analytics::ingestor
