/* Signals as ordinary events. The first SIGTERM or SIGINT requests a stop by a stop token; a second one exits at
 * once.
 *
 * No handler runs. The signals are blocked, and one thread waits for them (signalfd), so the second one works even
 * while the rest of the daemon hangs in a call. SIGPIPE is ignored: a write to a closed connection fails with an
 * error instead. Make a Signals before any other thread, which then inherits the mask; one at a time.
 *
 * A Hangup, made likewise, calls a function at each SIGHUP. Without one SIGHUP ends the process, as usual. */
#pragma once

#include <csignal>
#include <functional>
#include <stop_token>
#include <thread>

namespace analytics::runtime {

/** Blocks a set of signals while it lives, and calls a function for each that arrives, on a thread of its own. */
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
