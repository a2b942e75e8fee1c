/* Who waits with whom, and whom one run answers: workers over connections whose requests came through a socket. */
#include "../../../http/server/workers.hpp"

#include <atomic>
#include <gtest/gtest.h>
#include <map>
#include <random>
#include <set>
#include <sys/socket.h>

namespace analytics::http {
namespace {

using namespace std::chrono_literals;

struct Silent final : runtime::Observer {
    void observe(const runtime::Event & /*event*/) override {}
};

/* Its question is the request's path, but for "/alone". */
class PathTask final : public Task {
public:
    explicit PathTask(std::string_view path) : path_(path) {}

    [[nodiscard]] bool is_probe() const noexcept override { return false; }
    [[nodiscard]] std::string_view question() const noexcept override
    {
        return path_ == "/alone" ? std::string_view() : std::string_view(path_);
    }
    Response run(std::size_t /*worker*/) override { return {}; }
    Response give_up() override { return {}; }

private:
    std::string path_;
};

class WorkersTest : public testing::Test {
protected:
    /** Runs are let through one by one, unless the gate is open. */
    void run(std::span<Connection *const> group)
    {
        std::unique_lock lock(mutex_);
        runs_.emplace_back(group.begin(), group.end());
        changed_.notify_all();
        changed_.wait(lock, [&] { return is_open_ || allowed_ > 0; });
        if (!is_open_) --allowed_;
    }

    void let_through()
    {
        const std::scoped_lock lock(mutex_);
        ++allowed_;
        changed_.notify_all();
    }
    void open()
    {
        const std::scoped_lock lock(mutex_);
        is_open_ = true;
        changed_.notify_all();
    }

    /** Who was in the first so many runs. */
    std::vector<std::vector<Connection *>> runs(std::size_t count)
    {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, 20s, [&] { return runs_.size() >= count; });
        return runs_;
    }

    /** A connection whose request is ready and needs a worker. */
    Connection &asking(const std::string &path)
    {
        std::array<int, 2> pair{};
        socketpair(AF_UNIX, SOCK_STREAM, 0, pair.data());
        const std::string request = "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
        EXPECT_EQ(write(pair[1], request.data(), request.size()), static_cast<ssize_t>(request.size()));
        clients_.emplace_back(pair[1]);
        auto &connection = connections_.emplace_back(std::make_unique<Connection>(
            FileDescriptor(pair[0]), responder_, limits_, budget_, silent_, std::stop_token(), [] {}));
        connection->on_ready();
        EXPECT_EQ(connection->state(), Connection::State::ready);
        EXPECT_FALSE(connection->begin());
        return *connection;
    }

    Workers::Run recorded()
    {
        return [this](std::span<Connection *const> group, std::size_t) { run(group); };
    }

    Silent silent_;
    Responder responder_{[](const Request &request) { return std::make_unique<PathTask>(request.path); },
                         runtime::HostNames("", "127.0.0.1"), Cors("")};
    ConnectionLimits limits_;
    Budget budget_{1 << 20};
    std::vector<FileDescriptor> clients_;
    std::vector<std::unique_ptr<Connection>> connections_;

    std::mutex mutex_; // of what follows
    std::condition_variable changed_;
    std::vector<std::vector<Connection *>> runs_;
    int allowed_ = 0;
    bool is_open_ = false;
};

TEST_F(WorkersTest, BeginBesideARunThatTakesLong)
{
    Workers workers({.size = 2, .max_wait = 400ms}, recorded());
    Connection &first = asking("/same");
    EXPECT_TRUE(workers.add(first));
    runs(1);
    Connection &second = asking("/same");
    EXPECT_TRUE(workers.add(second));
    const auto came = Workers::Clock::now();
    workers.begin_overdue(came + 50ms);
    workers.begin_overdue(came + 100ms);
    Connection &third = asking("/same");
    EXPECT_TRUE(workers.add(third));
    EXPECT_EQ(runs(2)[1], (std::vector{&second})) << "a quarter of what it may wait is over";
    workers.begin_overdue(came + 10s);
    EXPECT_EQ(workers.take_expired(came + 10s), (std::vector{&third})) << "and no worker is idle";
    open();
}

TEST_F(WorkersTest, ShareARunThatHasNotBegun)
{
    Workers workers({.size = 2}, recorded());
    Connection &first = asking("/same");
    EXPECT_TRUE(workers.add(first));
    runs(1);
    Connection &second = asking("/same");
    Connection &third = asking("/same");
    EXPECT_TRUE(workers.add(second));
    EXPECT_TRUE(workers.add(third));
    let_through();
    const auto runs = this->runs(2);
    EXPECT_EQ(runs[0], (std::vector{&first})) << "whoever comes later is not in it";
    EXPECT_EQ(runs[1], (std::vector{&second, &third})) << "nor do they begin beside it, though a worker is idle";
    open();
}

TEST_F(WorkersTest, DoNotWaitForAnotherQuestion)
{
    Workers workers({.size = 2}, recorded());
    EXPECT_TRUE(workers.add(asking("/same")));
    runs(1);
    EXPECT_TRUE(workers.add(asking("/same")));
    Connection &other = asking("/other");
    EXPECT_TRUE(workers.add(other));
    EXPECT_EQ(runs(2)[1], std::vector{&other});
    open();
}

TEST_F(WorkersTest, ShareNothingWithoutAQuestion)
{
    Workers workers({.size = 1}, recorded());
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(workers.add(asking("/alone")));
    open();
    for (const auto &run : runs(3)) EXPECT_EQ(run.size(), 1U);
}

TEST_F(WorkersTest, CountGroupsAndNotRequests)
{
    Workers workers({.size = 1, .max_waiting = 1}, recorded());
    EXPECT_TRUE(workers.add(asking("/busy")));
    runs(1);
    EXPECT_TRUE(workers.add(asking("/same")));
    EXPECT_FALSE(workers.add(asking("/other")));
    EXPECT_TRUE(workers.add(asking("/same")));
    open();
    EXPECT_EQ(runs(2)[1].size(), 2U);
}

TEST_F(WorkersTest, GiveUpWhoHasWaitedTooLong)
{
    const WorkersOptions options{.size = 1};
    Workers workers(options, recorded());
    EXPECT_TRUE(workers.add(asking("/busy")));
    runs(1);
    Connection &first = asking("/same");
    Connection &second = asking("/same");
    EXPECT_TRUE(workers.add(first));
    const auto between = Workers::Clock::now();
    while (Workers::Clock::now() == between) {
    }
    EXPECT_TRUE(workers.add(second));
    EXPECT_EQ(workers.take_expired(between + options.max_wait), std::vector{&first});
    EXPECT_EQ(workers.take_expired(between + 2 * options.max_wait), std::vector{&second});
    Connection &last = asking("/last");
    EXPECT_TRUE(workers.add(last));
    open();
    EXPECT_EQ(runs(2)[1], std::vector{&last}) << "who was given up is not run";
}

/* A run begins after all whom it answers have come, each is answered once, and a question is asked once at a time. */
TEST_F(WorkersTest, AnswerEverybodyAsIfTheyWereAlone)
{
    constexpr int count = 400;
    std::mt19937 random(std::random_device{}());
    std::map<Connection *, std::pair<std::string, int>> came; // question and place
    std::vector<Connection *> order;
    for (int i = 0; i < count; ++i) {
        const std::string path = std::array{"/a", "/b", "/c", "/alone"}[random() % 4];
        Connection *const connection = &asking(path);
        came[connection] = {path, -1};
        order.push_back(connection);
        clients_.clear(); // else there are too many descriptors
    }
    std::atomic<int> now = 0;
    std::map<Connection *, int> answered;
    std::multiset<std::string> at_work;
    std::mutex mutex;
    std::condition_variable done;
    {
        Workers workers({.size = 3, .max_waiting = count}, [&](std::span<Connection *const> group, std::size_t) {
            std::unique_lock lock(mutex);
            const int begun = now.fetch_add(1);
            const std::string &question = came.at(group.front()).first;
            at_work.insert(question);
            EXPECT_TRUE(question == "/alone" ? group.size() == 1 : at_work.count(question) == 1);
            for (Connection *const connection : group) {
                EXPECT_EQ(came.at(connection).first, question);
                EXPECT_LT(came.at(connection).second, begun);
                EXPECT_EQ(answered.count(connection), 0U);
                answered[connection] = begun;
            }
            lock.unlock();
            if (begun % 7 == 0) std::this_thread::sleep_for(std::chrono::microseconds(200));
            lock.lock();
            at_work.erase(at_work.find(question));
            done.notify_all();
        });
        for (Connection *const connection : order) {
            {
                const std::scoped_lock lock(mutex);
                came.at(connection).second = now.fetch_add(1);
            }
            ASSERT_TRUE(workers.add(*connection));
        }
        std::unique_lock lock(mutex);
        EXPECT_TRUE(done.wait_for(lock, 60s, [&] { return answered.size() == count; }));
    }
}

} // namespace
} // namespace analytics::http
