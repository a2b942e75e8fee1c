/* Publishing a feed, over a source and a topic that fail as told. The topic keeps what real Kafka would. */
#include "../../../ingestor/feed/mark.hpp"
#include "../../../ingestor/feed/publish_feed.hpp"
#include "recorder.hpp"

#include <algorithm>
#include <atomic>
#include <deque>
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mutex>
#include <set>
#include <thread>

namespace analytics::ingestor {
namespace {

using namespace std::string_literals;
using testing::Each;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Le;
using testing::SizeIs;

const Failure sick{.transient = true, .sqlstate = "08006", .message = "sick", .hint = {}};
const Failure old{.transient = false, .sqlstate = "AN002", .message = "too old", .hint = {}};

/* The position of a change that is not the last of its tick. */
std::string at_change(int change, int drift = 0)
{
    return std::to_string(change + drift) + '.' + std::to_string(change) + ".1";
}

/* The number of the change before which one goes on. */
int change_after(const std::string &position)
{
    const auto dot = position.find('.');
    return std::stoi(dot == std::string::npos ? position : position.substr(dot + 1));
}

/* A feed of the changes 1 to count, one a tick; a page has two. */
class FakeSource final : public FeedSource {
public:
    std::variant<FeedPage, Failure> read(const std::optional<std::string> &after) override
    {
        const std::lock_guard lock(mutex_);
        if (after && at_read) at_read(*after);
        asked.push_back(after.value_or("-"));
        if (static_cast<int>(asked.size()) == stops_at) stop.request_stop();
        if (!failures.empty()) {
            const auto failure = failures.front();
            failures.pop_front();
            if (failure) return *failure;
        }
        auto texts = std::make_shared<std::deque<std::string>>();
        FeedPage page{.messages = {}, .headers = {}, .memory = texts};
        if (!after && drifts) ++drift;
        for (int change = (after ? change_after(*after) : 0) + 1; change <= count && page.messages.size() < 2;
             ++change) {
            if (change == missing && is_gone()) continue;
            const auto &position =
                texts->emplace_back(change < count ? at_change(change, drift) : std::to_string(change));
            page.messages.push_back({.position = position,
                                     .recipients = skipped.contains(position) ? Recipients::none : Recipients::key,
                                     .key = position,
                                     .value = position,
                                     .headers = {}});
        }
        return page;
    }

    std::variant<bool, Failure> skip(std::string_view position, std::string_view why) override
    {
        const std::lock_guard lock(mutex_);
        skips.push_back(std::string(position) + ' ' + std::string(why));
        if (skip_failures.empty()) {
            if (may_skip) skipped.insert(std::string(position));
            return may_skip;
        }
        const auto failure = skip_failures.front();
        skip_failures.pop_front();
        return failure;
    }

    int count = 0;
    bool drifts = false; // ticks are made between two reads from the beginning, as the past has the last one
    std::deque<std::optional<Failure>> failures; // of the next calls
    std::vector<std::string> asked;
    std::function<void(const std::string &after)> at_read;
    int stops_at = 0; // this call requests a stop
    int missing = 0;  // this change, once it is gone
    std::function<bool()> is_gone;
    std::stop_source stop;
    std::vector<std::string> skips;
    std::deque<Failure> skip_failures; // of the next calls
    bool may_skip = false;

private:
    std::mutex mutex_;
    std::set<std::string> skipped; // positions
    int drift = 0;
};

class FakeTopic final : public FeedTopic {
public:
    std::variant<std::optional<std::string>, FeedFault> committed() override { return mark; }

    std::optional<FeedFault> open() override
    {
        ++opened;
        return take(open_faults);
    }

    std::optional<FeedFault> send(const FeedPage &page) override
    {
        for (const FeedMessage &message : page.messages) {
            if (message.recipients == Recipients::none) continue;
            open_transaction.emplace_back(message.position);
            if (is_too_large(message.position) && is_known_at_once) return refused(message.position);
        }
        return take(send_faults);
    }

    std::optional<FeedFault> commit(std::int64_t offset, const std::string &text) override
    {
        for (const std::string &position : open_transaction)
            if (is_too_large(position)) return refused(position);
        auto fault = take(commit_faults);
        if (fault && !commits_although_faulty) return fault;
        log.insert(log.end(), open_transaction.begin(), open_transaction.end());
        ++commits;
        transactions.push_back(open_transaction.size());
        open_transaction.clear();
        mark = text;
        last_offset = offset;
        return fault;
    }

    void close() override
    {
        open_transaction.clear();
        ++closed;
    }

    std::optional<std::string> mark;
    std::vector<std::string> log;
    std::int64_t last_offset = -1;
    std::deque<FeedFault> open_faults;
    std::set<std::string> too_large; // positions
    bool is_known_at_once = false;   // that a message is too large: when it is sent, or when it is committed
    std::deque<FeedFault> send_faults;
    std::deque<FeedFault> commit_faults;
    std::vector<std::string> open_transaction;
    std::vector<std::size_t> transactions; // how many messages each committed one had
    bool commits_although_faulty = false;  // the answer is lost
    int opened = 0;
    int closed = 0;
    std::atomic<int> refusals = 0; // the source asks for these, from its thread
    std::atomic<int> commits = 0;

private:
    bool is_too_large(std::string_view position) const
    {
        return std::ranges::any_of(too_large, [&](const std::string &at) {
            return position.find('.') != std::string_view::npos &&
                   change_after(at) == change_after(std::string(position));
        });
    }

    FeedFault refused(std::string_view position)
    {
        ++refusals;
        return {.message = "too large", .refused = std::string(position)};
    }

    static std::optional<FeedFault> take(std::deque<FeedFault> &faults)
    {
        if (faults.empty()) return {};
        FeedFault fault = faults.front();
        faults.pop_front();
        return fault;
    }
};

/* Time passes by waiting, and a little with each look; the test ends at the given wait. */
class FakeClock final : public Clock {
public:
    Time now() override { return now_ += passing; }
    void wait(Time until, const std::stop_token &) override
    {
        now_ = std::max(now_, until);
        if (--waits == 0) stop.request_stop();
    }

    int waits = 1;
    Milliseconds passing{0};
    std::stop_source stop;

private:
    Time now_{};
};

class PublishFeedTest : public testing::Test {
protected:
    void publish(int waits = 1)
    {
        clock.waits = waits;
        const std::stop_token stop = clock.stop.get_token();
        publish_feed(claim, store, source, topic, clock, stop, seen, progress, options);
    }

    FeedClaim claim{.name = "f",
                    .topic = "t",
                    .epoch = 1,
                    .generation = 5,
                    .begin_at = {},
                    .takes_over = false,
                    .position = {},
                    .every = std::chrono::milliseconds(100),
                    .fault = {}};
    FeedStore store{.id = "x", .system = "7", .database_oid = "8"};
    FakeSource source;
    FakeTopic topic;
    FakeClock clock;
    fakes::Recorder seen;
    FeedProgress progress;
    PublishFeedOptions options;
};

TEST_F(PublishFeedTest, SendsEachPageWithThePositionBehindIt)
{
    source.count = 5;
    publish();
    EXPECT_THAT(topic.log, ElementsAre("1.1.1", "2.2.1", "3.3.1", "4.4.1", "5"));
    EXPECT_EQ(topic.mark, "5 5 7 8");
    EXPECT_EQ(topic.last_offset, 5);
    EXPECT_EQ(progress.state().position, "5");
    EXPECT_EQ(seen.count<event::FeedPublished>(), 1);
    EXPECT_THAT(source.asked, ElementsAre("-", "2.2.1", "4.4.1"));
}

/* However long a transaction may be. */
class InTransactions : public PublishFeedTest, public testing::WithParamInterface<int> {};

TEST_P(InTransactions, ABacklogIsCommittedWhole)
{
    source.count = 21;
    clock.passing = Milliseconds(10);
    options.longest_transaction = Milliseconds(GetParam());
    publish();
    EXPECT_THAT(topic.log, SizeIs(21));
    EXPECT_THAT(topic.transactions, Each(Le(2 + GetParam() / 10)));
    EXPECT_EQ(topic.mark, "21 5 7 8");
    EXPECT_EQ(seen.count<event::FeedPublished>(), topic.transactions.size());
}

INSTANTIATE_TEST_SUITE_P(Milliseconds, InTransactions, testing::Values(0, 10, 40, 100, 500));

TEST_F(PublishFeedTest, OneTransactionAPageAfterAFault)
{
    source.count = 6;
    topic.send_faults = {{false, "timed out"}};
    publish(2);
    EXPECT_THAT(topic.log, SizeIs(6));
    EXPECT_THAT(topic.transactions, ElementsAre(2, 4));
}

TEST_F(PublishFeedTest, CommitsWhatIsSentBeforeADatabaseIsAwaited)
{
    source.count = 6;
    source.failures = {std::nullopt, std::nullopt, sick};
    publish(1);
    EXPECT_THAT(topic.transactions, ElementsAre(4));
    EXPECT_EQ(progress.state().position, "4.4.1");
    EXPECT_EQ(seen.count<event::FeedPaused>(), 1);
}

TEST_F(PublishFeedTest, CommitsWhatIsSentBeforeItHalts)
{
    source.count = 6;
    source.failures = {std::nullopt, old};
    publish(100);
    EXPECT_THAT(topic.transactions, ElementsAre(2));
    EXPECT_EQ(progress.state().fault, "too old");
}

/* Wherever it is, and whenever it is found out. */
class TooLarge : public PublishFeedTest, public testing::WithParamInterface<std::tuple<int, bool>> {
protected:
    TooLarge() : at(at_change(std::get<0>(GetParam())))
    {
        source.count = 12;
        topic.too_large = {at};
        topic.is_known_at_once = std::get<1>(GetParam());
        topic.mark = "0.0.1 5 7 8";
    }

    std::string before() const { return at_change(std::get<0>(GetParam()) - 1); }

    std::string at;
};

TEST_P(TooLarge, AMessageStopsTheFeedRightBeforeIt)
{
    publish(100);
    EXPECT_THAT(topic.log, SizeIs(std::get<0>(GetParam()) - 1));
    EXPECT_EQ(progress.state().position, before());
    EXPECT_EQ(progress.state().fault, "too large; put this right and call analytics_republish_feed('f', '" + before() +
                                          "'), or leave the message out by analytics_republish_feed('f', '" + at +
                                          "')");
    EXPECT_TRUE(progress.state().is_over);
}

TEST_P(TooLarge, AMessageThatIsGoneDoesNotStopIt)
{
    source.missing = std::get<0>(GetParam());
    source.is_gone = [this] { return topic.refusals > 0; };
    publish(100);
    EXPECT_THAT(topic.log, SizeIs(11));
    EXPECT_EQ(topic.refusals, 1);
    EXPECT_THAT(progress.state().fault, IsEmpty());
}

TEST_P(TooLarge, TheFirstOfManyIsTheOne)
{
    for (int other = std::get<0>(GetParam()) + 1; other < 12; ++other) topic.too_large.insert(at_change(other));
    publish(100);
    EXPECT_EQ(progress.state().position, before());
    EXPECT_THAT(progress.state().fault, HasSubstr("'" + at + "'"));
}

TEST_P(TooLarge, AMessageIsLeftOutIfItsSourceMaySkipIt)
{
    source.may_skip = true;
    topic.too_large.insert("11.11.1");
    publish(100);
    EXPECT_THAT(source.skips, ElementsAreArray(at == "11.11.1" ? std::vector{at + " too large"}
                                                               : std::vector{at + " too large", "11.11.1 too large"s}));
    EXPECT_THAT(topic.log, SizeIs(12 - topic.too_large.size()));
    EXPECT_EQ(progress.state().position, "12");
    EXPECT_THAT(progress.state().fault, IsEmpty());
}

TEST_P(TooLarge, AMessageIsNotForgottenWhenItsSourceIsSick)
{
    source.may_skip = true;
    source.skip_failures = {sick, sick};
    publish(100);
    EXPECT_THAT(source.skips, SizeIs(3));
    EXPECT_THAT(topic.log, SizeIs(11));
    EXPECT_EQ(seen.count<event::FeedPaused>(), 1);
    EXPECT_EQ(seen.field<event::FeedPaused>("message"), sick.message);
}

TEST_P(TooLarge, AMessageOfThePastIsKnownAgainWhenTicksHaveBeenMade)
{
    topic.mark.reset();
    source.drifts = true;
    publish(100);
    EXPECT_THAT(topic.log, SizeIs(std::get<0>(GetParam()) - 1));
    EXPECT_THAT(progress.state().fault, HasSubstr("too large"));
    EXPECT_LE(topic.refusals, 3);
}

INSTANTIATE_TEST_SUITE_P(Positions, TooLarge, testing::Combine(testing::Range(1, 12), testing::Bool()));

TEST_F(PublishFeedTest, CommitsWhatIsSentWhileTheNextPageIsSlow)
{
    options.longest_transaction = Milliseconds(20);
    source.count = 5;
    bool was_committed = false;
    source.at_read = [&](const std::string &after) {
        if (after != "2.2.1") return;
        for (int looks = 0; looks < 10'000 && topic.commits == 0; ++looks) std::this_thread::sleep_for(Milliseconds(1));
        was_committed = topic.commits > 0;
    };
    publish();
    EXPECT_TRUE(was_committed);
    EXPECT_EQ(topic.transactions.front(), 2);
    EXPECT_EQ(progress.state().position, "5");
}

TEST_F(PublishFeedTest, CommitsWhatIsSentWhenItStops)
{
    source.count = 100;
    source.stops_at = 3;
    source.stop = clock.stop;
    publish(100);
    EXPECT_THAT(topic.open_transaction, IsEmpty());
    EXPECT_GE(topic.log.size(), 2U);
    EXPECT_LT(topic.log.size(), 100U);
    EXPECT_EQ(progress.state().position, topic.log.back());
}

TEST_F(PublishFeedTest, GoesOnAfterWhatIsCommitted)
{
    source.count = 5;
    topic.mark = "3.3.1 5 7 8";
    publish();
    EXPECT_THAT(topic.log, ElementsAre("4.4.1", "5"));
    EXPECT_EQ(seen.field<event::FeedClaimed>("position"), "3.3.1");
}

TEST_F(PublishFeedTest, AsksAgainAfterAWhileWithoutNews)
{
    source.count = 1;
    topic.mark = "1 5 7 8";
    publish(3);
    EXPECT_THAT(source.asked, ElementsAre("1", "1", "1"));
    EXPECT_THAT(topic.log, IsEmpty());
    EXPECT_EQ(topic.opened, 1);
}

TEST_F(PublishFeedTest, CommitsAPositionAgainBeforeItExpires)
{
    source.count = 1;
    topic.mark = "1 5 7 8";
    claim.every = std::chrono::hours(3);
    publish(4);
    EXPECT_EQ(topic.last_offset, 1);
    EXPECT_EQ(seen.count<event::FeedPublished>(), 1);
}

TEST_F(PublishFeedTest, CommitsNothingWhereNothingWasPublished)
{
    claim.every = std::chrono::hours(3);
    publish(4);
    EXPECT_EQ(topic.mark, std::nullopt);
}

class AfterAFault : public PublishFeedTest, public testing::WithParamInterface<bool> {};

TEST_P(AfterAFault, BeginsAgainWithWhatIsCommitted)
{
    source.count = 4;
    options.longest_transaction = Milliseconds(0);
    topic.commit_faults = {{false, "timed out"}, {false, "timed out"}};
    topic.commits_although_faulty = GetParam();
    publish(3);
    EXPECT_THAT(topic.log, ElementsAre("1.1.1", "2.2.1", "3.3.1", "4"));
    EXPECT_EQ(topic.opened, 3);
    EXPECT_EQ(topic.closed, 3);
    EXPECT_EQ(seen.count<event::FeedPaused>(), 1);
    EXPECT_EQ(seen.count<event::FeedResumed>(), 1);
    EXPECT_EQ(seen.field<event::FeedPaused>("message"), "timed out");
}

INSTANTIATE_TEST_SUITE_P(WasItCommitted, AfterAFault, testing::Bool());

TEST_F(PublishFeedTest, ASickDatabaseIsAskedAgain)
{
    source.count = 2;
    source.failures = {sick, sick};
    publish(3);
    EXPECT_THAT(topic.log, ElementsAre("1.1.1", "2"));
    EXPECT_EQ(seen.count<event::FeedPaused>(), 1);
}

TEST_F(PublishFeedTest, EndsWhenItIsFenced)
{
    source.count = 2;
    topic.commit_faults = {{true, "fenced"}};
    publish(100);
    EXPECT_EQ(seen.count<event::FeedFenced>(), 1);
    EXPECT_TRUE(progress.state().is_over);
    EXPECT_THAT(progress.state().fault, IsEmpty());
}

TEST_F(PublishFeedTest, EndsWhereChangesWouldBeMissing)
{
    source.failures = {old};
    publish(100);
    EXPECT_EQ(progress.state().fault, "too old");
    EXPECT_TRUE(progress.state().is_over);
}

TEST_F(PublishFeedTest, DoesNotFenceAnotherDatabase)
{
    topic.mark = "3 5 9 8";
    publish(100);
    EXPECT_THAT(progress.state().fault, HasSubstr("another database"));
    EXPECT_EQ(topic.opened, 0);
}

class PublishedDeadLetters : public PublishFeedTest, public testing::WithParamInterface<bool> {};

TEST_P(PublishedDeadLetters, AreCounted)
{
    source.count = 3;
    claim.is_of_dead_letters = GetParam();
    publish();
    EXPECT_EQ(seen.count<event::DeadLettersPublished>(), GetParam() ? 1 : 0);
    EXPECT_EQ(seen.field<event::DeadLettersPublished>("dead_letters"), GetParam() ? "3" : "");
}

INSTANTIATE_TEST_SUITE_P(AreThey, PublishedDeadLetters, testing::Bool());

} // namespace
} // namespace analytics::ingestor
