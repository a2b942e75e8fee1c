#include "workers.hpp"

#include <algorithm>
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
    const Clock::time_point now = Clock::now();
    std::string question(connection.question());
    const std::scoped_lock lock(mutex_);
    if (!question.empty()) {
        const auto found = std::ranges::find(waiting_, question, &Group::question);
        if (found != waiting_.end()) {
            found->connections.push_back(&connection);
            found->since.push_back(now);
            return true;
        }
    }
    Group group{std::move(question), {&connection}, {now}};
    if (!idle_.empty() && may_begin(group, now)) {
        hand(std::move(group));
        return true;
    }
    if (waiting_.size() >= options_.max_waiting) return false;
    waiting_.push_back(std::move(group));
    return true;
}

/* To an idle worker. */
void Workers::hand(Group group)
{
    Worker &worker = workers_[idle_.back()];
    idle_.pop_back();
    worker.group = std::move(group);
    worker.has_group.notify_one();
}

bool Workers::may_begin(const Group &group, Clock::time_point now) const
{
    const auto runs_it = [&](const Worker &worker) {
        return !worker.group.connections.empty() && worker.group.question == group.question;
    };
    return group.question.empty() || std::ranges::none_of(workers_, runs_it) ||
           now - group.since.front() >= options_.max_wait / 4;
}

/* The first group that may begin. */
bool Workers::take_next(Group &group, Clock::time_point now)
{
    const auto next = std::ranges::find_if(waiting_, [&](const Group &one) { return may_begin(one, now); });
    if (next == waiting_.end()) return false;
    group = std::move(*next);
    waiting_.erase(next);
    return true;
}

void Workers::begin_overdue(Clock::time_point now)
{
    const std::scoped_lock lock(mutex_);
    for (Group next; !idle_.empty() && take_next(next, now); next = {}) hand(std::move(next));
}

std::vector<Connection *> Workers::take_expired(Clock::time_point now)
{
    std::vector<Connection *> expired;
    const std::scoped_lock lock(mutex_);
    for (Group &group : waiting_) {
        const auto is_young = [&](Clock::time_point since) { return now - since < options_.max_wait; };
        const auto count = std::ranges::find_if(group.since, is_young) - group.since.begin();
        expired.insert(expired.end(), group.connections.begin(), group.connections.begin() + count);
        group.connections.erase(group.connections.begin(), group.connections.begin() + count);
        group.since.erase(group.since.begin(), group.since.begin() + count);
    }
    std::erase_if(waiting_, [](const Group &group) { return group.connections.empty(); });
    return expired;
}

void Workers::work(const std::stop_token &stop, std::size_t number)
{
    Worker &self = workers_[number];
    const auto has_group = [&] { return !self.group.connections.empty(); };
    std::unique_lock lock(mutex_);
    for (;;) {
        if (!take_next(self.group, Clock::now())) {
            idle_.push_back(number);
            if (!self.has_group.wait(lock, stop, has_group)) return;
        }
        lock.unlock();
        run_(self.group.connections, number);
        lock.lock();
        self.group = {};
    }
}

} // namespace analytics::http
