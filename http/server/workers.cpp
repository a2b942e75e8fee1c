#include "workers.hpp"

#include <utility>

namespace analytics::http {

Workers::Workers(const WorkersOptions &options, Run run)
    : options_(options), run_(std::move(run)), workers_(options.size)
{
    idle_.reserve(options.size);
    threads_.reserve(options.size);
    for (std::size_t number = 0; number < options.size; ++number)
        threads_.emplace_back([this, number](const std::stop_token &stop) { work(stop, number); });
}

bool Workers::add(Connection &connection)
{
    const std::scoped_lock lock(mutex_);
    if (!idle_.empty()) {
        Worker &worker = workers_[idle_.back()];
        idle_.pop_back();
        worker.next = &connection;
        worker.has_next.notify_one();
        return true;
    }
    if (waiting_.size() >= options_.max_waiting) return false;
    waiting_.push_back({&connection, Clock::now()});
    return true;
}

std::vector<Connection *> Workers::take_expired(Clock::time_point now)
{
    std::vector<Connection *> expired;
    const std::scoped_lock lock(mutex_);
    for (; !waiting_.empty() && now - waiting_.front().since >= options_.max_wait; waiting_.pop_front())
        expired.push_back(waiting_.front().connection);
    return expired;
}

void Workers::work(const std::stop_token &stop, std::size_t number)
{
    Worker &self = workers_[number];
    std::unique_lock lock(mutex_);
    for (;;) {
        if (waiting_.empty()) {
            idle_.push_back(number);
            if (!self.has_next.wait(lock, stop, [&] { return self.next != nullptr; })) return;
        } else {
            self.next = waiting_.front().connection;
            waiting_.pop_front();
        }
        Connection &connection = *std::exchange(self.next, nullptr);
        lock.unlock();
        run_(connection, number);
        lock.lock();
    }
}

} // namespace analytics::http
