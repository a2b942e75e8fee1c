/* How far the publisher of one feed is: written by its thread, read by the one that reports to the database. */
#pragma once

#include <mutex>
#include <optional>
#include <string>

namespace analytics::ingestor {

class FeedProgress {
public:
    struct State {
        std::optional<std::string> position; // committed to Kafka; nothing: not yet
        std::string fault;                   // why publishing must not go on; empty: it may
        bool is_over = false;                // the publisher has ended by itself
    };

    void published(std::string_view position)
    {
        change([&](State &state) { state.position = position; });
    }
    void halted(std::string_view fault)
    {
        change([&](State &state) { state.fault = fault; });
    }
    void ended()
    {
        change([](State &state) { state.is_over = true; });
    }

    [[nodiscard]] State state() const
    {
        const std::lock_guard lock(mutex_);
        return state_;
    }

private:
    template <class Change> void change(Change change)
    {
        const std::lock_guard lock(mutex_);
        change(state_);
    }

    mutable std::mutex mutex_;
    State state_;
};

} // namespace analytics::ingestor
