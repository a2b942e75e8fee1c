/* Signals as ordinary events: SIGTERM and SIGINT ask the daemon's stop token to stop; a second one leaves at once.
 *
 * No handler runs. The signals are blocked, and one thread waits for them (signalfd), so that the second one is
 * obeyed also while the rest of the daemon hangs in a call. SIGPIPE is ignored: a peer that went away is an error
 * of the write. Make it before any other thread, which then inherits the mask; one at a time. */
#pragma once

#include <stop_token>
#include <thread>

namespace analytics::runtime {

class Signals {
public:
    Signals();
    ~Signals();
    Signals(const Signals &) = delete;
    Signals &operator=(const Signals &) = delete;

    [[nodiscard]] std::stop_token token() const { return stop_.get_token(); }

    /** Blocks the calling thread until a stop is asked for. */
    void wait() const;

private:
    void listen(int signal_fd, int quit_fd);

    std::stop_source stop_;
    int quit_fd_;
    std::thread listener_;
};

} // namespace analytics::runtime
