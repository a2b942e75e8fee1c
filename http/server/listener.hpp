/* Accepts clients and waits for all of them in one loop. The loop itself answers what needs no database; a few workers
 * run the other requests.
 *
 * A worker is needed only for a complete request, so thousands of clients may be connected, idle or slow, while others
 * are served. Probes have a worker of their own, and never wait behind slow statements.
 *
 * Everything that clients can make grow has a bound. Beyond the bound on connections, the one that is idle or slow
 * longest is closed. Beyond the bound on waiting requests, a request is answered 503. Beyond the bound on bytes that
 * are held for clients, large requests and responses are refused, and the client that has held much for longest is
 * disconnected. */
#pragma once

#include "connection.hpp"
#include "workers.hpp"

#include "../../runtime/throttle.hpp"

#include <memory>
#include <mutex>
#include <span>
#include <stop_token>
#include <unordered_map>
#include <vector>

namespace analytics::http {

struct ListenerOptions {
    std::string host;
    int port = 0;
    WorkersOptions workers;
    WorkersOptions probes;
    std::size_t max_clients = 4'096;
    std::size_t max_held = 64 << 20; // bytes, of all connections: eight of the usual longest requests, 32 large pages
    ConnectionLimits limits = {};
};

/** Raises the process's limit of open files as far as it is allowed, and returns the limit. */
std::size_t raise_descriptors();

class Listener {
public:
    /** Listens from now on; clients that connect wait until run. Throws std::runtime_error. */
    Listener(ListenerOptions options, Responder responder, runtime::Observer &observe, std::stop_token stop);
    Listener(const Listener &) = delete;
    Listener &operator=(const Listener &) = delete;

    /** Serves until a stop is requested; then accepts no more, lets the requests in hand finish, and returns. False:
     * the socket failed. */
    bool run();

private:
    using Clock = Connection::Clock;

    /** A descriptor is used again, so it alone names no client. */
    struct Name {
        int fd = -1;
        std::uint64_t number = 0;
    };

    struct Client {
        Client(FileDescriptor socket, Listener &owner, Name of_client)
            : name(of_client), connection(std::move(socket), owner.responder_, owner.options_.limits, owner.budget_,
                                          owner.observe_, owner.stop_, [&owner, of_client] { owner.wake(of_client); })
        {
        }

        Name name;
        Connection connection;
        bool is_with_worker = false; // with a worker, or in the queue to one
        std::uint32_t armed = 0;     // the events that epoll waits for
    };

    enum class Accepted : std::uint8_t { one, none, failed };

    Accepted accept_one();
    bool make_room();
    void shed_load();
    void turn(std::chrono::milliseconds patience, bool &is_well);
    void collect_done();
    void collect_woken();
    void wake(Name name);
    void ring();
    void check_deadlines(bool is_stopping);
    void proceed(Client &client);
    void arm(Client &client, std::uint32_t events) const;
    bool begin(Client &client);
    void report_overload(std::string_view what, std::size_t bound);
    void run_task(std::span<Connection *const> group, std::size_t worker);
    Response ask(std::span<Connection *const> group, std::size_t worker);

    ListenerOptions options_;
    runtime::Observer &observe_;
    Responder responder_;
    std::stop_token stop_;
    FileDescriptor listening_;
    FileDescriptor epoll_;
    FileDescriptor wake_; // an eventfd, to which a worker that is done writes, and a source that has something

    Budget budget_;

    // The loop's own.
    std::unordered_map<int, std::unique_ptr<Client>> clients_; // by descriptor
    std::uint64_t accepted_ = 0;
    bool is_over_budget_ = false;
    Clock::time_point deadlines_checked_ = Clock::now();
    runtime::Throttle overloads_{std::chrono::seconds(10)}; // in the log

    std::mutex mutex_;
    std::vector<Connection *> done_; // by workers, under the mutex
    std::vector<Name> woken_;        // by sources, likewise

    Workers workers_;
    Workers probes_;
};

} // namespace analytics::http
