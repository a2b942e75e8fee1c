#include "listener.hpp"

#include "../../runtime/listening_socket.hpp"

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

using State = Connection::State;

constexpr std::chrono::milliseconds max_turn{200};         // how late a stop or a deadline may be noticed
constexpr std::chrono::milliseconds deadline_interval{50}; // a look at all deadlines is a walk over all clients
constexpr std::chrono::milliseconds slow_after{1'000};     // who has held much for so long may be disconnected
constexpr std::chrono::milliseconds shortage_pause{50};    // when the process is out of descriptors or memory
constexpr std::chrono::milliseconds grace{1'000};          // for a new connection's first request, stop or not
constexpr int max_accepted = 64;                           // in one turn of the loop
constexpr int max_begun = 16;                              // requests of one client in one turn of the loop
constexpr int backlog = 1'024;                             // connections that wait for accept()
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
    if (fd < 0) throw std::system_error(errno, std::generic_category(), "cannot wait for clients");
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

Listener::Listener(ListenerOptions options, Responder responder, runtime::Observer &observe, std::stop_token stop)
    : options_(std::move(options)), observe_(observe), responder_(std::move(responder)), stop_(std::move(stop)),
      listening_(runtime::listening_socket(options_.host, options_.port, backlog)),
      epoll_(checked(epoll_create1(EPOLL_CLOEXEC))), wake_(checked(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK))),
      budget_(options_.max_held),
      workers_(options_.workers, [this](auto group, std::size_t worker) { run_task(group, worker); }),
      probes_(options_.probes, [this](auto group, std::size_t worker) { run_task(group, worker); })
{
    checked(fcntl(listening_.get(), F_SETFL, O_NONBLOCK)); // a client may disconnect between its event and accept4
    for (const int fd : {listening_.get(), wake_.get()}) {
        epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
        checked(epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event));
    }
    observe_(event::Listening{.host = options_.host, .port = options_.port});
}

bool Listener::run()
{
    bool is_well = true;
    while (is_well && !stop_.stop_requested()) turn(max_turn, is_well);
    // The kernel has accepted these already; closing the socket would reset them.
    for (int taken = 0; taken < backlog && accept_one() == Accepted::one; ++taken) {
    }
    listening_ = FileDescriptor(-1);
    while (!clients_.empty()) {
        bool unused = true;
        turn(max_turn, unused);
        check_deadlines(true);
    }
    return is_well;
}

void Listener::turn(std::chrono::milliseconds patience, bool &is_well)
{
    std::array<epoll_event, events_at_once> events{};
    const int count = epoll_wait(epoll_.get(), events.data(), events_at_once, static_cast<int>(patience.count()));
    for (int i = 0; i < count; ++i) {
        const int fd = events.at(static_cast<std::size_t>(i)).data.fd;
        if (fd == wake_.get()) {
            std::uint64_t rings = 0;
            [[maybe_unused]] const auto size = read(wake_.get(), &rings, sizeof rings);
        } else if (fd == listening_.get()) {
            Accepted accepted = Accepted::one;
            for (int taken = 0; taken < max_accepted && accepted == Accepted::one; ++taken) accepted = accept_one();
            is_well = is_well && accepted != Accepted::failed;
        } else if (const auto found = clients_.find(fd); found != clients_.end() && !found->second->is_with_worker) {
            Client &client = *found->second;
            client.armed = 0; // one shot
            try {
                client.connection.on_ready();
            } catch (const std::exception &error) { // out of memory: see run_task
                observe_(event::Fault{.message = error.what()});
                client.connection.end();
            }
            proceed(client);
        }
    }
    collect_done();
    collect_woken();
    check_deadlines(false);
    observe_.alive();
}

Listener::Accepted Listener::accept_one()
{
    FileDescriptor socket(accept4(listening_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket.get() < 0) {
        if (is_shortage(errno)) {
            report_overload(std::generic_category().message(errno), clients_.size());
            if (!make_room()) std::this_thread::sleep_for(shortage_pause);
        } else if (!is_passing(errno)) {
            observe_(event::Fault{.message = std::generic_category().message(errno)});
            return Accepted::failed;
        }
        return Accepted::none;
    }
    if (clients_.size() >= options_.max_clients) {
        report_overload("too many connections", options_.max_clients);
        if (!make_room()) return Accepted::one; // all others are with workers: this one is closed
    }
    const int fd = socket.get();
    Client &client = *(clients_[fd] = std::make_unique<Client>(std::move(socket), *this, Name{fd, ++accepted_}));
    epoll_event event{.events = 0, .data = {.fd = fd}};
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) client.connection.end();
    proceed(client);
    return Accepted::one;
}

/* Closes the connection whose client has kept us waiting longest; false if we wait for none. */
bool Listener::make_room()
{
    const Client *oldest = nullptr;
    for (const auto &[fd, client] : clients_)
        if (!client->is_with_worker && (oldest == nullptr || client->connection.since() < oldest->connection.since()))
            oldest = client.get();
    if (oldest == nullptr) return false;
    clients_.erase(oldest->connection.fd());
    return true;
}

/* Disconnects the clients that have held much for longest, until large responses fit again. */
void Listener::shed_load()
{
    is_over_budget_ = is_over_budget_ || budget_.is_exceeded();
    const Clock::time_point now = Clock::now();
    while (is_over_budget_ && budget_.held() > budget_.limit() / 4 * 3) {
        Client *oldest = nullptr;
        for (const auto &[fd, client] : clients_)
            if (const Connection &one = client->connection;
                !client->is_with_worker && one.holds_much() && now - one.since() >= slow_after &&
                (oldest == nullptr || one.since() < oldest->connection.since()))
                oldest = client.get();
        if (oldest == nullptr) return;
        if (oldest->connection.state() == State::receiving)
            oldest->connection.refuse({.status = 503, .detail = "the request takes too long", .retry_after = 1});
        else
            oldest->connection.end();
        proceed(*oldest);
    }
    is_over_budget_ = false;
}

void Listener::collect_done()
{
    std::vector<Connection *> done;
    {
        const std::scoped_lock lock(mutex_);
        done.swap(done_);
    }
    for (const Connection *connection : done) {
        Client &client = *clients_.at(connection->fd());
        client.is_with_worker = false;
        proceed(client);
    }
}

void Listener::collect_woken()
{
    std::vector<Name> woken;
    {
        const std::scoped_lock lock(mutex_);
        woken.swap(woken_);
    }
    for (const Name &name : woken) {
        const auto found = clients_.find(name.fd);
        if (found == clients_.end() || found->second->name.number != name.number) continue; // it is gone
        if (found->second->is_with_worker) continue;                                        // with its next request
        found->second->connection.on_wake();
        proceed(*found->second);
    }
}

void Listener::wake(Name name)
{
    bool is_first = false;
    {
        const std::scoped_lock lock(mutex_);
        is_first = woken_.empty();
        woken_.push_back(name);
    }
    if (is_first) ring();
}

void Listener::ring()
{
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto size =
        write(wake_.get(), &one, sizeof one); // fails only if the loop is being woken already
}

void Listener::check_deadlines(bool is_stopping)
{
    const Clock::time_point now = Clock::now();
    if (!is_stopping && now - deadlines_checked_ < deadline_interval) return;
    deadlines_checked_ = now;
    shed_load();
    for (Workers *workers : {&workers_, &probes_}) {
        workers->begin_overdue(now);
        for (Connection *connection : workers->take_expired(now)) {
            Client &client = *clients_.at(connection->fd());
            client.is_with_worker = false;
            connection->give_up();
            proceed(client);
        }
    }
    std::vector<Client *> due;
    for (const auto &[fd, client] : clients_) {
        if (client->is_with_worker) continue;
        const Connection &connection = client->connection;
        const bool is_left =
            is_stopping && ((connection.is_idle() && !(connection.is_new() && now - connection.since() < grace)) ||
                            connection.has_source());
        if (is_left || now >= connection.deadline()) due.push_back(client.get());
    }
    for (Client *client : due) {
        client->connection.on_deadline();
        proceed(*client);
    }
}

/* To be called after anything that happened to the client: waits for what it needs now. Pipelined requests are answered
 * here one after the other, but at most max_begun of them; the next turn of the loop goes on. */
void Listener::proceed(Client &client)
{
    Connection &connection = client.connection;
    for (int count = 0; connection.state() == State::ready; ++count) {
        if (count == max_begun) return arm(client, EPOLLOUT);
        if (!begin(client)) return;
    }
    if (connection.take_denial()) {
        is_over_budget_ = true;
        report_overload("answers that clients have not read take too much memory", options_.max_held);
    }
    if (budget_.is_exceeded() && connection.state() == State::receiving && connection.holds_much()) {
        report_overload("incomplete requests take too much memory", options_.max_held);
        connection.refuse({.status = 503, .detail = "incomplete requests take too much memory", .retry_after = 1});
        return proceed(client);
    }
    switch (connection.state()) {
    case State::receiving:
    case State::lingering:
        return arm(client, EPOLLIN);
    case State::waiting:
        return arm(client, EPOLLRDHUP);
    case State::sending:
        return arm(client, EPOLLOUT);
    case State::ready: // dealt with above
        return;
    case State::ended:
        clients_.erase(connection.fd());
    }
}

void Listener::arm(Client &client, std::uint32_t events) const
{
    if (client.armed == events) return;
    epoll_event event{.events = events | EPOLLONESHOT, .data = {.fd = client.connection.fd()}};
    epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, client.connection.fd(), &event);
    client.armed = events;
}

/* False: the connection is with the workers now. */
bool Listener::begin(Client &client)
{
    Connection &connection = client.connection;
    try {
        if (connection.begin()) return true;
    } catch (const std::exception &error) { // out of memory: see run_task
        observe_(event::Fault{.message = error.what()});
        connection.end();
        return true;
    }
    client.is_with_worker = true;
    const bool is_probe = connection.has_probe();
    if ((is_probe ? probes_ : workers_).add(connection)) return false;
    client.is_with_worker = false;
    report_overload("too many requests", (is_probe ? options_.probes : options_.workers).max_waiting);
    connection.refuse({.status = 503, .detail = "too many requests are waiting", .retry_after = 1});
    return true;
}

void Listener::report_overload(std::string_view what, std::size_t bound)
{
    if (overloads_.admits(Clock::now())) observe_(event::Overloaded{.message = what, .bound = bound});
}

Response Listener::ask(std::span<Connection *const> group, std::size_t worker)
{
    Response response = group.front()->run(worker);
    if (group.size() == 1) return response;
    Responder::share(response, std::ranges::any_of(group, &Connection::takes_gzip));
    observe_(event::AnswerShared{.route = response.route, .requests = group.size()});
    return response;
}

void Listener::run_task(std::span<Connection *const> group, std::size_t worker)
{
    std::optional<Response> response;
    for (Connection *const connection : group) {
        try {
            if (!response) response = ask(group, worker);
            connection->answer(connection == group.back() ? std::move(*response) : *response);
        } catch (const std::exception &error) { // out of memory: only this connection ends
            observe_(event::Fault{.message = error.what()});
            connection->end();
        }
    }
    {
        const std::scoped_lock lock(mutex_);
        done_.insert(done_.end(), group.begin(), group.end());
    }
    ring();
}

} // namespace analytics::http
