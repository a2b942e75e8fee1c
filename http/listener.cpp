#include "listener.hpp"

#include <cerrno>
#include <poll.h>
#include <sys/socket.h>
#include <system_error>
#include <thread>
#include <vector>

namespace analytics::http {

namespace {

using runtime::Event;

constexpr std::chrono::milliseconds slice{200};      // how late a stop may be noticed
constexpr std::chrono::milliseconds breath{50};      // when the process is out of descriptors or the kernel of memory
constexpr std::chrono::milliseconds farewell{1'000}; // closing at once would reset the connection under the answer
constexpr int backlog = 128;                         // as the engine asked for
constexpr std::size_t max_shed = 64;                 // descriptors

bool is_passing(int error) noexcept
{
    // accept(2): errors of the connection that was to be accepted, not of the socket.
    return error == EINTR || error == EAGAIN || error == ECONNABORTED || error == EPERM || error == EPROTO ||
           error == ENETDOWN || error == ENOPROTOOPT || error == EHOSTDOWN || error == ENONET ||
           error == EHOSTUNREACH || error == EOPNOTSUPP || error == ENETUNREACH;
}

bool is_shortage(int error) noexcept
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

} // namespace

Listener::Listener(ListenerOptions options, Engine::Handler handler, runtime::Observer &observe)
    : options_(std::move(options)), observe_(observe), engine_(std::move(handler)),
      listening_(engine_.listen_on(options_.host, options_.port))
{
    observe_(Event::listening, {{"host", options_.host}, {"port", options_.port}});
}

bool Listener::run(const std::stop_token &stop)
{
    std::vector<std::jthread> threads; // joined last: when the queue is empty and every connection closed
    threads.reserve(options_.threads);
    for (std::size_t i = 0; i < options_.threads; ++i)
        threads.emplace_back([this](const std::stop_token &own) { work(own); });

    bool is_well = true;
    while (is_well && !stop.stop_requested()) is_well = accept_one(slice) != Accepted::failed;
    // The kernel has taken these already: closing now would reset them.
    for (int taken = 0; taken < backlog && accept_one({}) == Accepted::one; ++taken) {
    }
    engine_.close_socket();
    for (std::jthread &thread : threads) thread.request_stop();
    return is_well;
}

Listener::Accepted Listener::accept_one(std::chrono::milliseconds timeout)
{
    while (!shed_.empty() && (shed_.size() > max_shed || Clock::now() - shed_.front().since > farewell))
        shed_.pop_front();

    pollfd ready{listening_, POLLIN, 0};
    if (poll(&ready, 1, static_cast<int>(timeout.count())) <= 0) return Accepted::none;
    Socket socket(accept4(listening_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket.fd() < 0) {
        if (is_shortage(errno)) {
            observe_(Event::overloaded, {{"message", std::generic_category().message(errno)}});
            std::this_thread::sleep_for(breath);
        } else if (!is_passing(errno)) {
            observe_(Event::fault, {{"message", std::generic_category().message(errno)}});
            return Accepted::failed;
        }
        return Accepted::none;
    }

    std::unique_lock lock(mutex_);
    if (waiting_.size() >= options_.max_waiting) {
        lock.unlock();
        shed(std::move(socket));
        return Accepted::one;
    }
    waiting_.push_back(std::move(socket));
    lock.unlock();
    has_waiting_.notify_one();
    return Accepted::one;
}

/* Without a wait, for this is the thread that accepts: so small an answer fits into the socket's buffer. */
void Listener::shed(Socket socket)
{
    if (shed_.empty()) observe_(Event::overloaded, {{"waiting", options_.max_waiting}}); // one line a while
    const Reply reply = engine_.refuse(answer({.status = 503, .detail = "too many connections", .retry_after = 1}));
    ::send(socket.fd(), reply.bytes.data(), reply.bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    shutdown(socket.fd(), SHUT_WR);
    shed_.push_back({std::move(socket), Clock::now()});
}

void Listener::work(const std::stop_token &stop)
{
    const auto is_wanted = [&] {
        if (stop.stop_requested()) return false;
        const std::scoped_lock lock(mutex_);
        return waiting_.empty();
    };
    for (;;) {
        std::unique_lock lock(mutex_);
        if (!has_waiting_.wait(lock, stop, [&] { return !waiting_.empty(); })) return;
        Socket socket = std::move(waiting_.front());
        waiting_.pop_front();
        lock.unlock();
        try {
            Connection(std::move(socket), engine_, options_.limits, observe_, is_wanted).serve();
        } catch (const std::exception &error) { // out of memory: this connection is given up, not the service
            observe_(Event::fault, {{"message", error.what()}});
        }
    }
}

} // namespace analytics::http
