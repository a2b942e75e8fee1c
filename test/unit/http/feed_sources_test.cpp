/* What a long poll and a stream send, part by part, over a hub whose pages are the test's. */
#include "../../../http/api/feed_sources.hpp"

#include "../../../http/server/problem.hpp"

#include <atomic>
#include <deque>
#include <gtest/gtest.h>

namespace analytics::http {
namespace {

using namespace std::chrono_literals;

struct Silent final : runtime::Observer {
    void observe(const runtime::Event & /*event*/) override {}
};

FeedNews page(std::string bytes, std::size_t items, std::string next)
{
    return {.bytes = std::move(bytes), .items = items, .next = std::move(next)};
}

FeedNews refusal(int status)
{
    return {.refusal = response_of({.status = status, .detail = "refused"})};
}

class FeedSources : public testing::Test {
protected:
    /** The pages in their order; after them nothing new, until there are more. */
    FeedNews read(const FeedQuestion &question)
    {
        const std::scoped_lock lock(mutex_);
        asked_.push_back(question);
        if (pages_.empty()) return {.bytes = "nothing", .items = 0, .next = question.after};
        FeedNews next = std::move(pages_.front());
        pages_.pop_front();
        return next;
    }

    void add(FeedNews news)
    {
        const std::scoped_lock lock(mutex_);
        pages_.push_back(std::move(news));
        state_ += "+";
    }

    FeedWait wait()
    {
        return {.reader = hub_.admit(),
                .question = {.feed = "all", .after = "now", .max_rows = 64, .is_stream = true},
                .route = "/feeds",
                .patience = 20s,
                .too_late = response_of({.status = 503, .detail = "late"})};
    }

    void start(Source &source)
    {
        source.start([this] { woken_.fetch_add(1), woken_.notify_all(); });
    }

    /** What comes next, awaiting wakes. */
    Part part_of(Source &source)
    {
        for (int seen = 0;; woken_.wait(seen)) {
            seen = woken_;
            Part part = source.next();
            if (part.head || part.bytes || part.is_end) return part;
        }
    }

    std::vector<FeedQuestion> asked()
    {
        const std::scoped_lock lock(mutex_);
        return asked_;
    }

    std::mutex mutex_;
    std::deque<FeedNews> pages_;
    std::vector<FeedQuestion> asked_;
    std::string state_;
    std::atomic<int> woken_{0};
    std::atomic<bool> is_allowed_{true};
    Silent silent_;
    FeedHub hub_{{.threads = 1, .max_readers = 4, .interval = 1ms, .pause = 1ms},
                 [this](std::size_t, const FeedQuestion &question) { return read(question); },
                 [this] {
                     const std::scoped_lock lock(mutex_);
                     return std::optional(state_);
                 },
                 silent_};
};

TEST_F(FeedSources, aPollIsAnsweredOnceThereIsAnItem)
{
    add(page("empty", 0, "17"));
    LongPoll poll(wait(), 20s);
    start(poll);
    EXPECT_FALSE(poll.next().head); // it may not have been read yet, and has nothing
    add(page("one", 1, "18"));
    const Part part = part_of(poll);
    ASSERT_TRUE(part.head);
    EXPECT_EQ(part.head->body, "one");
    EXPECT_EQ(part.head->route, "/feeds");
    EXPECT_FALSE(part.head->goes_on);
    EXPECT_EQ(asked().back().after, "17");
}

TEST_F(FeedSources, aPollEndsWithWhatThereIs)
{
    LongPoll poll(wait(), 0s);
    start(poll);
    const Part part = part_of(poll);
    ASSERT_TRUE(part.head);
    EXPECT_EQ(part.head->body, "nothing");
}

TEST_F(FeedSources, aPollIsRefused)
{
    add(refusal(410));
    LongPoll poll(wait(), 20s);
    start(poll);
    EXPECT_EQ(part_of(poll).head->status, 410);
}

TEST_F(FeedSources, aPollIsAnsweredAtAStop)
{
    LongPoll poll(wait(), 20s);
    EXPECT_EQ(poll.last().head->status, 503);
}

TEST_F(FeedSources, aStreamIsRefusedBeforeItBegins)
{
    add(refusal(503));
    FeedStream stream(wait(), [] { return true; });
    start(stream);
    const Part part = part_of(stream);
    ASSERT_TRUE(part.head);
    EXPECT_EQ(part.head->status, 503);
    EXPECT_FALSE(part.head->goes_on);
}

TEST_F(FeedSources, aStreamGreetsWithItsPositionAndGoesOn)
{
    add(page("id: 17\n\n", 0, "17"));
    FeedStream stream(wait(), [] { return true; });
    start(stream);
    const Part head = part_of(stream);
    ASSERT_TRUE(head.head);
    EXPECT_TRUE(head.head->goes_on);
    EXPECT_EQ(head.head->content_type, "text/event-stream");
    EXPECT_EQ(*part_of(stream).bytes, "retry: 1000\n\nid: 17\n\n");
    EXPECT_FALSE(stream.next().bytes);
    add(page("first", 2, "18"));
    EXPECT_EQ(*part_of(stream).bytes, "first");
    EXPECT_FALSE(stream.next().bytes);
    add(page("second", 1, "19"));
    EXPECT_EQ(*part_of(stream).bytes, "second");
    EXPECT_EQ(asked().back().after, "18");
    EXPECT_EQ(asked().back().max_rows, 4); // as the page before had two
}

TEST_F(FeedSources, aStreamOutlivesADatabaseThatIsAway)
{
    add(page("first", 1, "17"));
    FeedStream stream(wait(), [] { return true; });
    start(stream);
    part_of(stream);
    part_of(stream);
    EXPECT_EQ(*part_of(stream).bytes, "first");
    add(refusal(503));
    EXPECT_FALSE(stream.next().bytes);
    add(page("later", 1, "18"));
    Part part;
    while (!(part = stream.next()).bytes)
        std::this_thread::sleep_until(std::min(stream.deadline(), Source::Clock::now() + 5ms));
    EXPECT_EQ(*part.bytes, "later");
}

TEST_F(FeedSources, aStreamSaysWhyItIsGone)
{
    add(page("first", 1, "17"));
    FeedStream stream(wait(), [] { return true; });
    start(stream);
    for (int count = 0; count < 3; ++count) part_of(stream);
    add(refusal(410));
    const Part part = part_of(stream);
    EXPECT_TRUE(part.bytes->starts_with("event: gone\ndata: {\"type\""));
    EXPECT_TRUE(stream.next().is_end);
}

TEST_F(FeedSources, aStreamThatHasNotBegunBeginsAndEndsAtAStop)
{
    FeedStream stream(wait(), [] { return true; });
    start(stream);
    const Part part = stream.last();
    EXPECT_EQ(part.head->status, 200);
    EXPECT_TRUE(part.head->goes_on);
    EXPECT_TRUE(stream.last().is_end);
}

TEST_F(FeedSources, aStreamEndsWithItsKeyAndAtAStop)
{
    FeedStream stream(wait(), [this] { return is_allowed_.load(); });
    start(stream);
    part_of(stream);
    part_of(stream);
    EXPECT_TRUE(stream.last().is_end);
    is_allowed_ = false;
    EXPECT_TRUE(stream.next().is_end);
}

} // namespace
} // namespace analytics::http
