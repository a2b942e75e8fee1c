/* Accepts clients, waits for all of them in one loop, and has their requests answered by a few threads.
 *
 * A thread is needed only for a request that came whole, so thousands may be connected, idle or slow, while others are
 * served. Each thing that clients make grow has a bound: connections (beyond it the one that is idle, or slow, longest
 * makes room), requests that wait for a thread (beyond it they are told 503 at once: an early no is worth more to a
 * dashboard than a late yes), and bytes that are held for clients, of requests and answers alike (beyond it large ones
 * are refused, and who has held much for longest is let go). */
#pragma once

#include "connection.hpp"

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <unordered_map>
#include <vector>

namespace analytics::http {

struct ListenerOptions {
    std::string host;
    int port = 0;
    std::size_t threads = 1;
    std::size_t max_waiting = 64; // requests; at some 5 ms each the last of them waits well below a second
    std::size_t max_clients = 4'096;
    std::size_t max_held = 64 << 20; // bytes, of all connections: eight of the usual longest requests, 32 large pages
    ConnectionLimits limits = {};
};

/** Raises the process's limit of open files as far as it may; returns it. */
std::size_t raise_descriptors();

class Listener {
public:
    /** Listens from here on: what connects waits until run. Throws std::runtime_error. */
    Listener(ListenerOptions options, Responder responder, runtime::Observer &observe);
    ~Listener();
    Listener(const Listener &) = delete;
    Listener &operator=(const Listener &) = delete;

    /** Serves until the stop is asked for; then accepts no more, lets the requests in hand finish, and returns. False:
     * the socket failed. */
    bool run(const std::stop_token &stop);

private:
    using Clock = Connection::Clock;

    struct Client {
        Client(Socket socket, Listener &owner)
            : connection(std::move(socket), owner.responder_, owner.options_.limits, owner.budget_, owner.observe_)
        {
        }

        Connection connection;
        bool is_away = false;    // with a worker, or in the queue to one
        std::uint32_t armed = 0; // the events that epoll was asked for last
    };

    enum class Accepted : std::uint8_t { one, none, failed };

    Accepted accept_one();
    bool make_room();
    void relieve();
    void turn(std::chrono::milliseconds patience, bool &is_well);
    void take_back();
    void look_at_deadlines(bool is_stopping);
    void settle(Client &client);
    void arm(Client &client, std::uint32_t events) const;
    void enqueue(Client &client);
    void report_overload(std::string_view what, std::size_t bound);
    void work(const std::stop_token &own, const std::stop_token &stop);

    ListenerOptions options_;
    runtime::Observer &observe_;
    Responder responder_;
    Socket listening_;
    int epoll_;
    int wake_;

    Budget budget_;

    // The loop's own.
    std::unordered_map<int, std::unique_ptr<Client>> clients_; // by descriptor
    bool lacks_room_ = false;
    Clock::time_point looked_ = Clock::now();
    std::optional<Clock::time_point> overload_reported_; // not yet: nothing

    std::mutex mutex_; // of what follows
    std::condition_variable_any has_waiting_;
    std::deque<Client *> waiting_;
    std::vector<Client *> done_;
};

} // namespace analytics::http
