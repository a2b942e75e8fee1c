#include "listener.hpp"

#include "../runtime/listening_socket.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace analytics::http {

namespace {

using runtime::Event;
using State = Connection::State;

constexpr std::chrono::milliseconds slice{200}; // how late a stop or a deadline may be noticed
constexpr std::chrono::milliseconds look{50}; // between two looks at all deadlines, which cost a walk over all clients
constexpr std::chrono::milliseconds dawdling{1'000}; // who has held much for so long may be let go
constexpr std::chrono::milliseconds breath{50};      // when the process is out of descriptors or the kernel of memory
constexpr std::chrono::milliseconds grace{1'000};    // for the first request of a connection, stop or not
constexpr std::chrono::seconds overload_pause{10};   // between two lines of the log
constexpr int max_accepted = 64;                     // in one turn of the loop
constexpr int backlog = 1'024;                       // connections that wait for accept()
constexpr int events_at_once = 256;

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

int checked(int fd)
{
    if (fd < 0) throw std::system_error(errno, std::generic_category(), "can't wait for clients");
    return fd;
}

} // namespace

std::size_t raise_descriptors()
{
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    getrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur;
}

Listener::Listener(ListenerOptions options, Responder responder, runtime::Observer &observe)
    : options_(std::move(options)), observe_(observe), responder_(std::move(responder)),
      listening_(runtime::listening_socket(options_.host, options_.port, backlog)),
      epoll_(checked(epoll_create1(EPOLL_CLOEXEC))), wake_(checked(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))),
      budget_(options_.max_held)
{
    checked(fcntl(listening_.fd(), F_SETFL, O_NONBLOCK)); // a client may be gone between its event and its turn
    for (const int fd : {listening_.fd(), wake_}) {
        epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
        checked(epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event));
    }
    observe_(Event::listening, {{"host", options_.host}, {"port", options_.port}});
}

Listener::~Listener()
{
    close(wake_);
    close(epoll_);
}

bool Listener::run(const std::stop_token &stop)
{
    std::vector<std::jthread> threads;
    threads.reserve(options_.threads);
    for (std::size_t i = 0; i < options_.threads; ++i)
        threads.emplace_back([this, &stop](const std::stop_token &own) { work(own, stop); });

    bool is_well = true;
    while (is_well && !stop.stop_requested()) turn(slice, is_well);
    // The kernel has taken these already: closing now would reset them.
    for (int taken = 0; taken < backlog && accept_one() == Accepted::one; ++taken) {
    }
    listening_ = Socket(-1);
    while (!clients_.empty()) {
        bool unused = true;
        turn(slice, unused);
        look_at_deadlines(true);
    }
    return is_well;
}

void Listener::turn(std::chrono::milliseconds patience, bool &is_well)
{
    std::array<epoll_event, events_at_once> events{};
    const int count = epoll_wait(epoll_, events.data(), events_at_once, static_cast<int>(patience.count()));
    for (int i = 0; i < count; ++i) {
        const int fd = events.at(static_cast<std::size_t>(i)).data.fd;
        if (fd == wake_) {
            std::uint64_t rings = 0;
            [[maybe_unused]] const auto size = read(wake_, &rings, sizeof rings);
        } else if (fd == listening_.fd()) {
            Accepted accepted = Accepted::one;
            for (int taken = 0; taken < max_accepted && accepted == Accepted::one; ++taken) accepted = accept_one();
            is_well = is_well && accepted != Accepted::failed;
        } else if (const auto found = clients_.find(fd); found != clients_.end() && !found->second->is_away) {
            Client &client = *found->second;
            client.armed = 0; // one shot
            try {
                client.connection.on_ready();
            } catch (const std::exception &error) { // out of memory, as in work
                observe_(Event::fault, {{"message", error.what()}});
                client.connection.end();
            }
            settle(client);
        }
    }
    take_back();
    look_at_deadlines(false);
    observe_.alive();
}

Listener::Accepted Listener::accept_one()
{
    Socket socket(accept4(listening_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket.fd() < 0) {
        if (is_shortage(errno)) {
            report_overload(std::generic_category().message(errno), clients_.size());
            if (!make_room()) std::this_thread::sleep_for(breath);
        } else if (!is_passing(errno)) {
            observe_(Event::fault, {{"message", std::generic_category().message(errno)}});
            return Accepted::failed;
        }
        return Accepted::none;
    }
    if (clients_.size() >= options_.max_clients) {
        report_overload("too many connections", options_.max_clients);
        if (!make_room()) return Accepted::one; // all are at work or being answered: this one is let go
    }
    const int fd = socket.fd();
    Client &client = *(clients_[fd] = std::make_unique<Client>(std::move(socket), *this));
    epoll_event event{.events = 0, .data = {.fd = fd}};
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) client.connection.end();
    settle(client);
    return Accepted::one;
}

/* Ends whoever is waited for longest; false when nobody is. */
bool Listener::make_room()
{
    const Client *oldest = nullptr;
    for (const auto &[fd, client] : clients_)
        if (!client->is_away && (oldest == nullptr || client->connection.since() < oldest->connection.since()))
            oldest = client.get();
    if (oldest == nullptr) return false;
    clients_.erase(oldest->connection.fd());
    return true;
}

/* Lets go who has held much for longest, until large answers fit again. */
void Listener::relieve()
{
    lacks_room_ = lacks_room_ || budget_.is_exceeded();
    const Clock::time_point now = Clock::now();
    while (lacks_room_ && budget_.held() > budget_.limit() / 4 * 3) {
        Client *oldest = nullptr;
        for (const auto &[fd, client] : clients_)
            if (const Connection &one = client->connection;
                !client->is_away && one.holds_much() && now - one.since() >= dawdling &&
                (oldest == nullptr || one.since() < oldest->connection.since()))
                oldest = client.get();
        if (oldest == nullptr) return;
        if (oldest->connection.state() == State::receiving)
            oldest->connection.refuse({.status = 503, .detail = "the request takes too long", .retry_after = 1});
        else
            oldest->connection.end();
        settle(*oldest);
    }
    lacks_room_ = false;
}

void Listener::take_back()
{
    std::vector<Client *> done;
    {
        const std::scoped_lock lock(mutex_);
        done.swap(done_);
    }
    for (Client *client : done) {
        client->is_away = false;
        if (client->connection.was_denied()) {
            lacks_room_ = true;
            report_overload("too much is being sent", options_.max_held);
        }
        settle(*client);
    }
}

void Listener::look_at_deadlines(bool is_stopping)
{
    const Clock::time_point now = Clock::now();
    if (!is_stopping && now - looked_ < look) return;
    looked_ = now;
    relieve();
    std::vector<Client *> due;
    for (const auto &[fd, client] : clients_) {
        if (client->is_away) continue;
        const Connection &connection = client->connection;
        const bool is_left =
            is_stopping && connection.is_idle() && !(connection.is_new() && now - connection.since() < grace);
        if (is_left || now >= connection.deadline()) due.push_back(client.get());
    }
    for (Client *client : due) {
        client->connection.on_deadline();
        settle(*client);
    }
}

/* After anything that happened to it: waits for what it needs now. */
void Listener::settle(Client &client)
{
    Connection &connection = client.connection;
    if (budget_.is_exceeded() && connection.state() == State::receiving && connection.holds_much()) {
        report_overload("too much is being received", options_.max_held);
        connection.refuse({.status = 503, .detail = "too much is being received", .retry_after = 1});
        return settle(client);
    }
    switch (connection.state()) {
    case State::receiving:
    case State::lingering:
        return arm(client, EPOLLIN);
    case State::sending:
        return arm(client, EPOLLOUT);
    case State::ready:
        return enqueue(client);
    case State::ended:
        clients_.erase(connection.fd());
    }
}

void Listener::arm(Client &client, std::uint32_t events) const
{
    if (client.armed == events) return;
    epoll_event event{.events = events | EPOLLONESHOT, .data = {.fd = client.connection.fd()}};
    epoll_ctl(epoll_, EPOLL_CTL_MOD, client.connection.fd(), &event);
    client.armed = events;
}

void Listener::enqueue(Client &client)
{
    {
        std::unique_lock lock(mutex_);
        if (waiting_.size() >= options_.max_waiting) {
            lock.unlock();
            report_overload("too many requests", options_.max_waiting);
            client.connection.refuse({.status = 503, .detail = "too many requests are waiting", .retry_after = 1});
            return settle(client);
        }
        client.is_away = true;
        waiting_.push_back(&client);
    }
    has_waiting_.notify_one();
}

void Listener::report_overload(std::string_view what, std::size_t bound)
{
    const Clock::time_point now = Clock::now();
    if (overload_reported_ && now - *overload_reported_ < overload_pause) return;
    overload_reported_ = now;
    observe_(Event::overloaded, {{"message", what}, {"bound", bound}});
}

void Listener::work(const std::stop_token &own, const std::stop_token &stop)
{
    for (;;) {
        std::unique_lock lock(mutex_);
        if (!has_waiting_.wait(lock, own, [&] { return !waiting_.empty(); })) return;
        Client *client = waiting_.front();
        waiting_.pop_front();
        lock.unlock();
        try {
            client->connection.serve([&] { return stop.stop_requested(); });
        } catch (const std::exception &error) { // out of memory: this connection is given up, not the service
            observe_(Event::fault, {{"message", error.what()}});
            client->connection.end();
        }
        lock.lock();
        done_.push_back(client);
        lock.unlock();
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto size = write(wake_, &one, sizeof one); // full only when it rings already
    }
}

} // namespace analytics::http
