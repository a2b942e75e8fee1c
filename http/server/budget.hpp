/* The memory that clients can make a listener hold: bytes of requests that have not arrived completely, and of
 * responses that have not been sent completely, over all connections.
 *
 * Each connection has a share, which it resizes as it receives and sends. The budget only counts and denies nothing:
 * the caller of resize checks whether the budget is exceeded, and then drops what it was about to hold. */
#pragma once

#include <atomic>
#include <cstddef>

namespace analytics::http {

class Budget {
public:
    explicit Budget(std::size_t limit) noexcept : limit_(limit) {}

    [[nodiscard]] std::size_t limit() const noexcept { return limit_; }
    [[nodiscard]] std::size_t held() const noexcept { return held_.load(std::memory_order_relaxed); }
    [[nodiscard]] bool is_exceeded() const noexcept { return held() > limit_; }

    /** What one connection holds; returned when the connection ends. */
    class Share {
    public:
        explicit Share(Budget &budget) noexcept : budget_(budget) {}
        ~Share() { resize(0); }
        Share(const Share &) = delete;
        Share &operator=(const Share &) = delete;

        [[nodiscard]] std::size_t size() const noexcept { return size_; }
        [[nodiscard]] bool is_over_budget() const noexcept { return budget_.is_exceeded(); }
        /** Whether the budget is still not exceeded. */
        bool resize(std::size_t size) noexcept
        {
            budget_.held_.fetch_add(size - size_, std::memory_order_relaxed); // unsigned: the sum is right
            size_ = size;
            return !budget_.is_exceeded();
        }

    private:
        Budget &budget_;
        std::size_t size_ = 0;
    };

private:
    std::size_t limit_;
    std::atomic<std::size_t> held_{0};
};

} // namespace analytics::http
