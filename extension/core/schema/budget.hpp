/* The steps that are left for one payload. Steps are spent before the work, and nothing is done when none are left. */
#pragma once

#include "limits.hpp"

#include <cstddef>
#include <cstdint>

namespace analytics::core::schema {

class Budget {
public:
    void begin(std::size_t nodes) noexcept
    {
        allowed_ = steps_for_a_payload + steps_for_a_node * static_cast<std::int64_t>(nodes);
        left_ = allowed_;
        levels_ = 0;
    }

    /** False when they are not there; then nothing is there any more. */
    bool spend(std::size_t steps) noexcept
    {
        left_ -= static_cast<std::int64_t>(steps);
        return left_ >= 0;
    }

    /** Steps for looking at so many bytes of a text. */
    bool spend_bytes(std::size_t bytes) noexcept { return spend(1 + bytes / bytes_a_step); }

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
    static constexpr std::size_t bytes_a_step = 8;

    std::int64_t allowed_ = 0;
    std::int64_t left_ = 0;
    std::uint32_t levels_ = 0;
};

} // namespace analytics::core::schema
