/* Threads that run tasks, and the one queue in front of them.
 *
 * A worker owns a database session, which it finds by its number. So a request that waits for a worker waits for its
 * session at the same time, and there is no second queue. The queue is bounded by its length and by how long a request
 * may wait in it: an early refusal is worth more to a dashboard than a late answer.
 *
 * Requests with the same question wait as one group, and one run answers them all. A group is closed when its run
 * begins. Who asks the same later makes the next group, which begins when the run before has ended, even if a worker is
 * idle; if that takes long, it begins beside it. So every response is as new as if its request had been alone, and a
 * hundred dashboards cost as much as two.
 *
 * The worker that became idle last is the first to work again. So under little load few sessions are in use, and their
 * caches are warm. */
#pragma once

#include "connection.hpp"

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace analytics::http {

struct WorkersOptions {
    std::size_t size = 1;
    std::size_t max_waiting = 128; // groups: at some 5 ms each, the last of them waits for a tenth of a second
    std::chrono::milliseconds max_wait{2'000}; // for a worker; a quarter of it for the run of the same question
};

class Workers {
public:
    using Clock = Connection::Clock;
    /** Called on the worker's thread with one connection or more, all of the same question; throws nothing. */
    using Run = std::function<void(std::span<Connection *const>, std::size_t worker)>;

    Workers(const WorkersOptions &options, Run run);
    Workers(const Workers &) = delete;
    Workers &operator=(const Workers &) = delete;

    /** Hands the connection to a worker or puts it into the queue; false: the queue is full. */
    bool add(Connection &connection);
    /** Hands groups to idle workers that have waited long enough for the run of their question. */
    void begin_overdue(Clock::time_point now);
    /** Removes from the queue, and returns, the connections that have waited too long. */
    [[nodiscard]] std::vector<Connection *> take_expired(Clock::time_point now);

private:
    /** since: when each of the connections came. */
    struct Group {
        std::string question;
        std::vector<Connection *> connections;
        std::vector<Clock::time_point> since;
    };
    struct Worker {
        Group group; // that it runs, or is to run; without connections it is idle
        std::condition_variable_any has_group;
    };

    void work(const std::stop_token &stop, std::size_t number);
    void hand(Group group);
    [[nodiscard]] bool may_begin(const Group &group, Clock::time_point now) const;
    bool take_next(Group &group, Clock::time_point now);

    WorkersOptions options_;
    Run run_;
    std::mutex mutex_; // of what follows
    std::vector<Worker> workers_;
    std::vector<std::size_t> idle_; // numbers; the back became idle last
    std::deque<Group> waiting_;
    std::vector<std::jthread> threads_;
};

} // namespace analytics::http
