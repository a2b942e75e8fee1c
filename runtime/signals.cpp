#include "signals.hpp"

#include "exit.hpp"

#include <array>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <mutex>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <system_error>
#include <unistd.h>

namespace analytics::runtime {
namespace {

sigset_t stop_signals()
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    return set;
}

int checked(int result, const char *what)
{
    if (result < 0) throw std::system_error(errno, std::generic_category(), what);
    return result;
}

} // namespace

Signals::Signals()
{
    const sigset_t set = stop_signals();
    checked(std::signal(SIGPIPE, SIG_IGN) == SIG_ERR ? -1 : 0, "signal");
    checked(-pthread_sigmask(SIG_BLOCK, &set, nullptr), "pthread_sigmask");
    const int signal_fd = checked(signalfd(-1, &set, SFD_CLOEXEC), "signalfd");
    quit_fd_ = checked(eventfd(0, EFD_CLOEXEC), "eventfd");
    listener_ = std::thread([this, signal_fd] { listen(signal_fd, quit_fd_); });
}

Signals::~Signals()
{
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = write(quit_fd_, &one, sizeof one); // an eventfd at 0 takes it
    listener_.join();
    close(quit_fd_);
    const sigset_t set = stop_signals();
    pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

void Signals::listen(int signal_fd, int quit_fd)
{
    std::array<pollfd, 2> fds{{{signal_fd, POLLIN, 0}, {quit_fd, POLLIN, 0}}};
    for (;;) {
        if (poll(fds.data(), fds.size(), -1) < 0) continue; // EINTR
        if (fds[1].revents != 0) break;
        signalfd_siginfo info{};
        if (read(signal_fd, &info, sizeof info) != sizeof info) continue;
        if (!stop_.request_stop()) _exit(static_cast<int>(ExitCode::fault));
    }
    close(signal_fd);
}

void Signals::wait() const
{
    std::mutex mutex;
    std::condition_variable_any changed;
    std::unique_lock lock(mutex);
    changed.wait(lock, token(), [] { return false; });
}

} // namespace analytics::runtime
