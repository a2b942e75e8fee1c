/* A port: accepts connections and hands each to a thread, up to a bound; the service has one, the admin port another.
 *
 * A connection keeps its thread while it lives, so threads bound the clients served at once. What comes beyond them
 * waits in a short queue, for which idle connections make room; what comes beyond the queue is told 503 at once: an
 * early no is worth more to a dashboard than a late yes. */
#pragma once

#include "connection.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <stop_token>

namespace analytics::http {

struct ListenerOptions {
    std::string host;
    int port = 0;
    std::size_t threads = 1;
    std::size_t max_waiting = 64; // connections; at some 5 ms a request the last of them waits well below a second
    ConnectionLimits limits = {};
};

class Listener {
public:
    /** Listens from here on: what connects waits until run. Throws std::runtime_error. */
    Listener(ListenerOptions options, Engine::Handler handler, runtime::Observer &observe);

    /** Serves until the stop is asked for; then accepts no more, lets the requests in hand finish, and returns. False:
     * the socket failed. */
    bool run(const std::stop_token &stop);

private:
    using Clock = std::chrono::steady_clock;

    enum class Accepted : std::uint8_t { one, none, failed };

    Accepted accept_one(std::chrono::milliseconds timeout);
    void work(const std::stop_token &stop);
    void shed(Socket socket);

    struct Shed {
        Socket socket;
        Clock::time_point since;
    };

    ListenerOptions options_;
    runtime::Observer &observe_;
    Engine engine_;
    int listening_;

    std::mutex mutex_;
    std::condition_variable_any has_waiting_;
    std::deque<Socket> waiting_;

    // The accepting thread's own: what was told 503, kept until the client can have read it.
    std::deque<Shed> shed_;
};

} // namespace analytics::http
