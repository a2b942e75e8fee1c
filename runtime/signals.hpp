/* Signals as ordinary events: SIGTERM and SIGINT ask the daemon's stop token to stop; a second one leaves at once.
 *
 * No handler runs. The signals are blocked, and one thread waits for them (signalfd), so that the second one is
 * obeyed also while the rest of the daemon hangs in a call. SIGPIPE is ignored: a peer that went away is an error
 * of the write. Make it before any other thread, which then inherits the mask; one at a time.
 *
 * SIGHUP means "read your files again" to who makes a Hangup, likewise before other threads; to others it is what it
 * always was. */
#pragma once

#include <csignal>
#include <functional>
#include <stop_token>
#include <thread>

namespace analytics::runtime {

/** Blocks a set of signals while it lives, and calls for each that comes, on a thread of its own. */
class SignalWaiter {
public:
    SignalWaiter(sigset_t signals, std::function<void()> on_signal);
    ~SignalWaiter();
    SignalWaiter(const SignalWaiter &) = delete;
    SignalWaiter &operator=(const SignalWaiter &) = delete;

private:
    void listen(int signal_fd, int quit_fd);

    sigset_t signals_;
    std::function<void()> on_signal_;
    int quit_fd_;
    std::thread listener_;
};

class Signals {
public:
    Signals();

    [[nodiscard]] std::stop_token token() const { return stop_.get_token(); }

    /** Blocks the calling thread until a stop is asked for. */
    void wait() const;

private:
    std::stop_source stop_;
    SignalWaiter waiter_;
};

class Hangup {
public:
    explicit Hangup(std::function<void()> on_hangup);

private:
    SignalWaiter waiter_;
};

} // namespace analytics::runtime
