/* Who shares a page with whom, and who is woken when: a hub over a database that does as the test says. */
#include "../../../http/api/feed_hub.hpp"

#include <atomic>
#include <gtest/gtest.h>

namespace analytics::http {
namespace {

using namespace std::chrono_literals;

struct Silent final : runtime::Observer {
    void observe(const runtime::Event & /*event*/) override {}
};

class FeedHubTest : public testing::Test {
protected:
    /** Reads that are let through one by one once the gate is closed; each answer's position is its number. */
    FeedNews read(const FeedQuestion &question)
    {
        std::unique_lock lock(mutex_);
        begun_.push_back(question);
        changed_.notify_all();
        changed_.wait(lock, [&] { return !is_closed_ || allowed_ > 0; });
        if (is_closed_) --allowed_;
        return {.bytes = "page", .items = items_, .next = items_ > 0 ? "9" : question.after};
    }

    std::optional<std::string> state()
    {
        ++watched_;
        const std::scoped_lock lock(mutex_);
        return state_;
    }

    void set(std::size_t items, const std::string &state)
    {
        const std::scoped_lock lock(mutex_);
        items_ = items;
        state_ = state;
    }

    void close() { is_closed_ = true; }
    void let_through(int count = 1)
    {
        const std::scoped_lock lock(mutex_);
        allowed_ += count;
        changed_.notify_all();
    }
    std::size_t await_begun(std::size_t count)
    {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, 20s, [&] { return begun_.size() >= count; });
        return begun_.size();
    }

    struct Woken {
        explicit Woken(FeedHub &hub) : reader(hub.admit())
        {
            reader->start([this] { count.fetch_add(1), count.notify_all(); });
        }
        std::shared_ptr<const FeedNews> await(int times = 1)
        {
            for (int seen = count; seen < times; seen = count) count.wait(seen);
            return reader->take();
        }
        std::atomic<int> count{0};
        std::unique_ptr<FeedHub::Reader> reader;
    };

    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<FeedQuestion> begun_;
    std::atomic<bool> is_closed_{false};
    int allowed_ = 0;
    std::size_t items_ = 1;
    std::string state_ = "1";
    std::atomic<int> watched_{0};
    Silent silent_;
    FeedHub hub_{{.threads = 1, .max_readers = 4, .interval = 1ms, .pause = 1ms},
                 [this](std::size_t, const FeedQuestion &question) { return read(question); },
                 [this] { return state(); },
                 silent_};
};

const FeedQuestion all{.feed = "all", .after = "1"};
const FeedQuestion other{.feed = "other", .after = "1"};

TEST_F(FeedHubTest, whoAsksBeforeAReadingBeginsSharesIt)
{
    close();
    Woken first(hub_);
    Woken second(hub_);
    Woken third(hub_);
    first.reader->ask(other); // keeps the only thread busy
    await_begun(1);
    second.reader->ask(all);
    third.reader->ask(all);
    let_through(2);
    EXPECT_EQ(second.await(), third.await());
    EXPECT_EQ(await_begun(2), 2U);
}

TEST_F(FeedHubTest, whoAsksLaterDoesNot)
{
    close();
    Woken first(hub_);
    Woken second(hub_);
    first.reader->ask(all);
    await_begun(1);
    second.reader->ask(all);
    let_through(2);
    EXPECT_NE(first.await(), second.await());
    EXPECT_EQ(await_begun(2), 2U);
}

TEST_F(FeedHubTest, whoWaitsIsWokenForSomethingNewAlone)
{
    set(0, "1");
    Woken one(hub_);
    one.reader->ask(all);
    const auto empty = one.await();
    ASSERT_TRUE(empty);
    EXPECT_EQ(empty->next, "1");
    one.reader->await(all, empty->state);
    set(0, "2");
    await_begun(2);
    set(1, "3");
    EXPECT_EQ(one.await(2)->items, 1U);
    EXPECT_EQ(one.count, 2);
}

TEST_F(FeedHubTest, aChangeWhileAPageIsReadIsNotMissed)
{
    set(0, "1");
    Woken one(hub_);
    Woken two(hub_);
    one.reader->ask(all);
    const auto empty = one.await();
    two.reader->await(other, empty->state); // so that the state is watched
    set(0, "2");
    await_begun(2);
    one.reader->await(all, empty->state); // whose state is over
    EXPECT_GE(await_begun(3), 3U);
}

TEST_F(FeedHubTest, whoHasLeftIsNotWoken)
{
    close();
    {
        Woken gone(hub_);
        gone.reader->ask(all);
        await_begun(1);
    }
    let_through();
    Woken next(hub_);
    next.reader->ask(other);
    let_through();
    EXPECT_TRUE(next.await());
    EXPECT_EQ(hub_.use().readers, 1U);
}

TEST_F(FeedHubTest, nobodyIsWatchedForWhileNobodyWaits)
{
    Woken one(hub_);
    one.reader->ask(all);
    one.await();
    EXPECT_EQ(watched_, 0);
}

TEST_F(FeedHubTest, thereAreNoMoreThanMayBe)
{
    std::vector<std::unique_ptr<FeedHub::Reader>> readers;
    readers.reserve(4);
    for (int count = 0; count < 4; ++count) readers.push_back(hub_.admit());
    EXPECT_EQ(hub_.admit(), nullptr);
    readers.pop_back();
    EXPECT_NE(hub_.admit(), nullptr);
}

} // namespace
} // namespace analytics::http
