#include "signals.hpp"

#include "exit.hpp"

#include <array>
#include <cerrno>
#include <cstdint>
#include <initializer_list>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <system_error>
#include <unistd.h>

namespace analytics::runtime {
namespace {

sigset_t set_of(std::initializer_list<int> signals)
{
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : signals) sigaddset(&set, signal);
    return set;
}

int checked(int result, const char *what)
{
    if (result < 0) throw std::system_error(errno, std::generic_category(), what);
    return result;
}

} // namespace

SignalWaiter::SignalWaiter(sigset_t signals, std::function<void()> on_signal)
    : signals_(signals), on_signal_(std::move(on_signal))
{
    checked(-pthread_sigmask(SIG_BLOCK, &signals_, nullptr), "pthread_sigmask");
    const int signal_fd = checked(signalfd(-1, &signals_, SFD_CLOEXEC), "signalfd");
    quit_fd_ = checked(eventfd(0, EFD_CLOEXEC), "eventfd");
    listener_ = std::thread([this, signal_fd] { listen(signal_fd, quit_fd_); });
}

SignalWaiter::~SignalWaiter()
{
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = write(quit_fd_, &one, sizeof one); // an eventfd at 0 takes it
    listener_.join();
    close(quit_fd_);
    pthread_sigmask(SIG_UNBLOCK, &signals_, nullptr);
}

void SignalWaiter::listen(int signal_fd, int quit_fd)
{
    sigset_t all;
    sigfillset(&all); // those of a waiter that is made later must not be delivered here
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    std::array<pollfd, 2> fds{{{signal_fd, POLLIN, 0}, {quit_fd, POLLIN, 0}}};
    for (;;) {
        if (poll(fds.data(), fds.size(), -1) < 0) continue; // EINTR
        if (fds[1].revents != 0) break;
        signalfd_siginfo info{};
        if (read(signal_fd, &info, sizeof info) == sizeof info) on_signal_();
    }
    close(signal_fd);
}

Signals::Signals()
    : waiter_(set_of({SIGTERM, SIGINT}), [this] {
          if (!stop_.request_stop()) _exit(static_cast<int>(ExitCode::fault));
      })
{
    checked(std::signal(SIGPIPE, SIG_IGN) == SIG_ERR ? -1 : 0, "signal");
}

Hangup::Hangup(std::function<void()> on_hangup) : waiter_(set_of({SIGHUP}), std::move(on_hangup))
{
}

} // namespace analytics::runtime
