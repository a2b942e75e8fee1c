/* The steps that are left for one payload. Steps are spent before the work, and nothing is done when none are left. A
 * large payload has steps for seconds, so the budget asks after each million whether the work is to end. */
#pragma once

#include "../error.hpp"
#include "limits.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace analytics::core::schema {

class Budget {
public:
    explicit Budget(InterruptCheck is_interrupted = nullptr) noexcept : is_interrupted_(is_interrupted) {}

    void begin(std::size_t nodes) noexcept
    {
        allowed_ = steps_for_a_payload + steps_for_a_node * static_cast<std::int64_t>(nodes);
        left_ = allowed_;
        check_below_ = std::max<std::int64_t>(0, left_ - steps_a_check);
        levels_ = 0;
    }

    /** False when they are not there; then nothing is there any more. Throws Interrupted. */
    bool spend(std::size_t steps)
    {
        left_ -= static_cast<std::int64_t>(steps);
        return left_ >= check_below_ || may_go_on();
    }

    /** Steps for looking at so many bytes of a text. */
    bool spend_bytes(std::size_t bytes) { return spend(1 + bytes / bytes_a_step); }

    [[nodiscard]] bool is_exhausted() const noexcept { return left_ < 0; }
    [[nodiscard]] std::int64_t allowed() const noexcept { return allowed_; }
    [[nodiscard]] std::int64_t spent() const noexcept { return allowed_ - left_; }

    /** One level of recursion, for as long as it lives. */
    class Level {
    public:
        explicit Level(Budget &budget) noexcept : budget_(budget)
        {
            if (++budget_.levels_ > most_levels) budget_.left_ = -1;
        }
        ~Level() { --budget_.levels_; }
        Level(const Level &) = delete;
        Level &operator=(const Level &) = delete;

    private:
        Budget &budget_;
    };

private:
    bool may_go_on()
    {
        if (left_ < 0) return false;
        if (is_interrupted_ != nullptr && is_interrupted_()) throw Interrupted();
        check_below_ = std::max<std::int64_t>(0, left_ - steps_a_check);
        return true;
    }

    static constexpr std::size_t bytes_a_step = 8;
    static constexpr std::int64_t steps_a_check = 1'000'000; // 5 to 30 ms

    InterruptCheck is_interrupted_;

    std::int64_t allowed_ = 0;
    std::int64_t left_ = 0;
    std::int64_t check_below_ = 0;
    std::uint32_t levels_ = 0;
};

} // namespace analytics::core::schema
