/* Which feeds a process publishes, over claims that answer as told and workers that only say how they are. */
#include "../../../ingestor/feed/publish_feeds.hpp"
#include "recorder.hpp"

#include <algorithm>
#include <deque>
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <map>
#include <random>

namespace analytics::ingestor {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const Failure sick{.transient = true, .sqlstate = "08006", .message = "sick", .hint = {}};

FeedClaim claim_of(const std::string &name, std::int64_t epoch = 1)
{
    return {.name = name, .topic = "topic of " + name, .epoch = epoch, .generation = 7};
}

class FakeClaims final : public FeedClaims {
public:
    std::optional<Failure> prepare() override
    {
        ++prepared;
        if (unprepared.empty()) return {};
        const Failure failure = unprepared.front();
        unprepared.pop_front();
        return failure;
    }

    std::variant<bool, Failure> has_feeds() override
    {
        ++asked;
        return answer(feeds > 0);
    }

    std::variant<bool, Failure> tick() override
    {
        ++ticks;
        return answer(feeds > 0);
    }

    std::variant<FeedStore, Failure> store() override
    {
        ++stores;
        return FeedStore{.id = "x", .system = "7", .database_oid = "8"};
    }

    std::variant<std::vector<ClaimedFeed>, Failure> claim(std::span<const FeedReport> given) override
    {
        ++claims;
        reports.assign(given.begin(), given.end());
        std::vector<ClaimedFeed> found;
        for (const FeedClaim &claim : claimed) found.push_back({claim, {}, {}, {}});
        return answer(found);
    }

    void release() override { ++released; }

    int feeds = 1;
    std::vector<FeedClaim> claimed; // the answer to the next claims
    std::deque<Failure> failures;   // of the next calls
    std::deque<Failure> unprepared; // of the next calls of prepare
    std::vector<FeedReport> reports;
    int prepared = 0;
    int asked = 0;
    int ticks = 0;
    int stores = 0;
    int claims = 0;
    int released = 0;

private:
    template <class Value> std::variant<Value, Failure> answer(Value value)
    {
        if (failures.empty()) return value;
        const Failure failure = failures.front();
        failures.pop_front();
        return failure;
    }
};

/* All workers that there are, by feed. */
struct Workers {
    struct One {
        FeedClaim claim;
        FeedProgress::State state;
        bool is_asked_to_stop = false;
    };
    std::map<std::string, One> alive;
    int begun = 0;
    int doubled = 0;       // begun beside another one of the same feed
    int ended_unasked = 0; // while the process stopped
    bool is_stopping = false;
};

class FakeWorker final : public FeedWorker {
public:
    FakeWorker(Workers &workers, const FeedClaim &claim) : workers_(workers), name_(claim.name)
    {
        ++workers_.begun;
        if (!workers_.alive.try_emplace(name_, Workers::One{.claim = claim, .state = {}}).second) ++workers_.doubled;
    }
    ~FakeWorker() override
    {
        const auto all_are_asked =
            std::ranges::all_of(workers_.alive, [](const auto &entry) { return entry.second.is_asked_to_stop; });
        if (workers_.is_stopping && !all_are_asked) ++workers_.ended_unasked;
        workers_.alive.erase(name_);
    }
    FakeWorker(const FakeWorker &) = delete;
    FakeWorker &operator=(const FakeWorker &) = delete;

    [[nodiscard]] FeedProgress::State state() const override { return workers_.alive.at(name_).state; }
    void request_stop() override { workers_.alive.at(name_).is_asked_to_stop = true; }

private:
    Workers &workers_;
    std::string name_;
};

/* Time passes by waiting. What is to happen during the waits is a list; then the process stops. */
class ScriptedClock final : public Clock {
public:
    Time now() override { return now_; }
    void wait(Time until, const std::stop_token &) override
    {
        waits.push_back(std::chrono::duration_cast<Milliseconds>(until - now_));
        now_ = std::max(now_, until);
        if (script.empty()) {
            before_stop();
            stop.request_stop();
            return;
        }
        const auto step = script.front();
        script.pop_front();
        step();
    }

    std::deque<std::function<void()>> script;
    std::function<void()> before_stop = [] {};
    std::vector<Milliseconds> waits;
    std::stop_source stop;

private:
    Time now_{};
};

class PublishFeedsTest : public testing::Test {
protected:
    void publish()
    {
        clock.before_stop = [this, before = clock.before_stop] {
            before();
            left = workers.alive;
            workers.is_stopping = true;
        };
        const BeginFeed begin = [this](const FeedClaim &claim, const FeedStore &store) {
            EXPECT_EQ(store.id, "x");
            return std::make_unique<FakeWorker>(workers, claim);
        };
        const FeedRefusal refusal = [this](const FeedClaim &claim) {
            return claim.topic == refused_topic ? std::string("it is read") : std::string();
        };
        const std::stop_token stop = clock.stop.get_token();
        publish_feeds(claims, begin, refusal, clock, stop, seen, options);
        EXPECT_THAT(workers.alive, IsEmpty());
        EXPECT_EQ(workers.doubled, 0);
        EXPECT_EQ(workers.ended_unasked, 0);
    }

    /* So many waits in which nothing happens. */
    void pass(int count)
    {
        for (int i = 0; i < count; ++i) clock.script.emplace_back([] {});
    }

    void then(std::function<void()> step) { clock.script.push_back(std::move(step)); }

    std::vector<std::string> published() const
    {
        std::vector<std::string> names;
        for (const auto &[name, worker] : left) names.push_back(name);
        return names;
    }

    FakeClaims claims;
    Workers workers;
    std::map<std::string, Workers::One> left; // the workers when the process was asked to stop
    ScriptedClock clock;
    fakes::Recorder seen;
    std::string refused_topic;
    PublishFeedsOptions options{.claim_every = Milliseconds(250)}; // each turn claims
};

TEST_F(PublishFeedsTest, WithoutFeedsOneQuestionNowAndThen)
{
    claims.feeds = 0;
    pass(3);
    publish();
    EXPECT_EQ(claims.asked, 4);
    EXPECT_EQ(claims.ticks + claims.claims + claims.released, 0);
    EXPECT_THAT(clock.waits, Each(options.look_again));
}

TEST_F(PublishFeedsTest, WithFeedsATickEachTurnAndAClaimNowAndThen)
{
    options.claim_every = Milliseconds(1'000);
    pass(8);
    publish();
    EXPECT_EQ(claims.asked, 1);
    EXPECT_EQ(claims.ticks, 8);
    EXPECT_EQ(claims.claims, 3);
    EXPECT_THAT(clock.waits, Each(options.tick_every));
}

TEST_F(PublishFeedsTest, PublishesWhatItClaims)
{
    claims.claimed = {claim_of("a"), claim_of("b")};
    pass(3);
    publish();
    EXPECT_THAT(published(), ElementsAre("a", "b"));
    EXPECT_EQ(workers.begun, 2);
    EXPECT_EQ(claims.stores, 1);
    EXPECT_EQ(claims.released, 1);
}

TEST_F(PublishFeedsTest, ReportsHowFarEachIs)
{
    claims.claimed = {claim_of("a")};
    then([this] { workers.alive.at("a").state.position = "17"; });
    pass(1);
    publish();
    ASSERT_THAT(claims.reports, SizeIs(1));
    EXPECT_EQ(claims.reports[0].feed, "a");
    EXPECT_EQ(claims.reports[0].generation, 7);
    EXPECT_EQ(claims.reports[0].position, "17");
}

TEST_F(PublishFeedsTest, WhatAnotherHasTakenOverEnds)
{
    claims.claimed = {claim_of("a"), claim_of("b")};
    then([this] { claims.claimed = {claim_of("b")}; });
    pass(1);
    publish();
    EXPECT_THAT(published(), ElementsAre("b"));
    EXPECT_EQ(workers.begun, 2);
    EXPECT_EQ(seen.field<event::FeedReleased>("feed"), "a");
    EXPECT_EQ(seen.count<event::FeedReleased>(), 1);
}

using Change = void (*)(FeedClaim &);
class ChangedClaim : public PublishFeedsTest, public testing::WithParamInterface<std::pair<Change, int>> {};

TEST_P(ChangedClaim, BeginsAnewWhereItMust)
{
    const Change change = GetParam().first;
    claims.claimed = {claim_of("a")};
    then([this, change] { change(claims.claimed[0]); });
    pass(2);
    publish();
    EXPECT_EQ(workers.begun, GetParam().second);
    EXPECT_EQ(seen.count<event::FeedReleased>(), 0);
}

INSTANTIATE_TEST_SUITE_P(Claims, ChangedClaim,
                         testing::Values(std::pair<Change, int>{[](FeedClaim &claim) { ++claim.epoch; }, 2},
                                         std::pair<Change, int>{[](FeedClaim &claim) { ++claim.generation; }, 2},
                                         std::pair<Change, int>{[](FeedClaim &claim) { claim.every *= 2; }, 2},
                                         std::pair<Change, int>{[](FeedClaim &claim) { claim.topic = "another"; }, 2},
                                         std::pair<Change, int>{[](FeedClaim &claim) { claim.position = "17"; }, 1},
                                         std::pair<Change, int>{[](FeedClaim &claim) { claim.takes_over = true; }, 1}));

TEST_F(PublishFeedsTest, WhereAllFeedsAreDroppedAllEnd)
{
    claims.claimed = {claim_of("a"), claim_of("b")};
    then([this] { claims.feeds = 0; });
    pass(1);
    publish();
    EXPECT_THAT(published(), IsEmpty());
    EXPECT_EQ(seen.count<event::FeedReleased>(), 2);
    EXPECT_EQ(claims.released, 0);
}

TEST_F(PublishFeedsTest, OneThatIsFencedIsTriedAgainLater)
{
    claims.claimed = {claim_of("a")};
    options.after_fencing = Milliseconds(1'000);
    then([this] { workers.alive.at("a").state.is_over = true; });
    for (int turn = 0; turn < 4; ++turn) then([this] { EXPECT_THAT(workers.alive, IsEmpty()); });
    publish();
    EXPECT_EQ(workers.begun, 2);
    EXPECT_THAT(published(), ElementsAre("a"));
}

TEST_F(PublishFeedsTest, AFaultIsReportedBeforeItsWorkerEnds)
{
    claims.claimed = {claim_of("a")};
    then([this] { workers.alive.at("a").state = {.position = "17", .fault = "too old", .is_over = true}; });
    then([this] { // the database has it now
        ASSERT_THAT(claims.reports, SizeIs(1));
        EXPECT_EQ(claims.reports[0].fault, "too old");
        claims.claimed[0].fault = "too old";
    });
    pass(3);
    publish();
    EXPECT_THAT(published(), IsEmpty());
    EXPECT_EQ(workers.begun, 1);
    EXPECT_EQ(seen.count<event::FeedStopped>(), 1);
    EXPECT_EQ(seen.field<event::FeedStopped>("message"), "too old");
    EXPECT_EQ(seen.field<event::FeedStopped>("command"), "SELECT analytics_republish_feed('a');");
    EXPECT_EQ(seen.field<event::FeedProgress>("is_stopped"), "true");
}

TEST_F(PublishFeedsTest, AFaultThatSaysHowToGoOnNeedsNoCommand)
{
    claims.claimed = {claim_of("a")};
    claims.claimed[0].fault = "too large; call analytics_republish_feed('a', '17')";
    pass(1);
    publish();
    EXPECT_EQ(seen.field<event::FeedStopped>("message"), claims.claimed[0].fault);
    EXPECT_THAT(seen.field<event::FeedStopped>("command"), IsEmpty());
}

TEST_F(PublishFeedsTest, OneThatIsPublishedAgainBegins)
{
    claims.claimed = {claim_of("a")};
    claims.claimed[0].fault = "too old";
    pass(1);
    then([this] {
        EXPECT_EQ(workers.begun, 0);
        claims.claimed = {claim_of("a", 2)};
    });
    pass(1);
    publish();
    EXPECT_THAT(published(), ElementsAre("a"));
    EXPECT_EQ(seen.field<event::FeedProgress>("is_stopped"), "false");
}

TEST_F(PublishFeedsTest, ATopicThatIsReadIsRefusedWithoutACommand)
{
    claims.claimed = {claim_of("a"), claim_of("b")};
    refused_topic = claims.claimed[0].topic;
    pass(2);
    publish();
    EXPECT_THAT(published(), ElementsAre("b"));
    EXPECT_EQ(seen.count<event::FeedStopped>(), 1);
    EXPECT_EQ(seen.field<event::FeedStopped>("message"), "it is read");
    EXPECT_THAT(seen.field<event::FeedStopped>("command"), IsEmpty());
}

TEST_F(PublishFeedsTest, WhileTheDatabaseIsAwayWorkersGoOn)
{
    claims.claimed = {claim_of("a")};
    then([this] { claims.failures = {sick, sick, sick, sick}; });
    pass(6);
    publish();
    EXPECT_EQ(workers.begun, 1);
    EXPECT_THAT(published(), ElementsAre("a"));
    EXPECT_EQ(seen.count<event::FeedsUnavailable>(), 1);
    EXPECT_EQ(seen.field<event::FeedsUnavailable>("sqlstate"), "08006");
    EXPECT_EQ(seen.count<event::FeedsRecovered>(), 1);
}

TEST_F(PublishFeedsTest, ASickDatabaseIsAskedLessAndLessOften)
{
    claims.failures.assign(200, sick);
    pass(100);
    publish();
    const auto longest = std::ranges::max(clock.waits);
    EXPECT_LE(clock.waits.front(), options.first_pause);
    EXPECT_LE(longest, options.longest_pause);
    EXPECT_GT(longest, options.longest_pause / 2);
    EXPECT_EQ(claims.asked, 101);
}

/* Whatever is claimed, taken over, dropped, refused, fenced, faulty or unavailable, in any order: a feed that is
 * claimed and has no fault is published by one worker, which began with what is claimed; any other by none. */
class AnyOrder : public PublishFeedsTest, public testing::WithParamInterface<int> {};

TEST_P(AnyOrder, WhatIsClaimedIsPublished)
{
    std::mt19937 random(static_cast<unsigned>(GetParam()));
    const auto chance = [&random](int percent) { return static_cast<int>(random() % 100) < percent; };
    const std::vector<std::string> names{"a", "b", "c", "d"};
    refused_topic = "refused";
    options.after_fencing = Milliseconds(0); // the next turn tries again

    const auto change = [&] {
        for (auto &[name, worker] : workers.alive)
            if (chance(10)) worker.state.is_over = true;
        for (const std::string &name : names) {
            const auto at = std::ranges::find(claims.claimed, name, &FeedClaim::name);
            if (at == claims.claimed.end()) {
                if (chance(30)) claims.claimed.push_back(claim_of(name, static_cast<std::int64_t>(random() % 9)));
                continue;
            }
            if (chance(10)) at->epoch += 1;
            if (chance(10)) at->topic = chance(30) ? refused_topic : "another";
            if (chance(10)) at->fault = chance(50) ? "too old" : "";
            if (chance(10)) claims.claimed.erase(at);
        }
        claims.feeds = chance(95) ? 1 : 0;
        if (chance(10)) claims.failures.assign(1 + random() % 3, sick);
    };
    const auto prove = [&] { // after a turn for which all was well
        std::vector<std::string> wanted;
        for (const FeedClaim &claim : claims.claimed)
            if (claims.feeds > 0 && claim.fault.empty() && claim.topic != refused_topic) wanted.push_back(claim.name);
        std::ranges::sort(wanted);
        std::vector<std::string> found;
        for (const auto &[name, worker] : workers.alive) {
            found.push_back(name);
            const auto claim = std::ranges::find(claims.claimed, name, &FeedClaim::name);
            ASSERT_NE(claim, claims.claimed.end());
            EXPECT_EQ(worker.claim.epoch, claim->epoch);
            EXPECT_EQ(worker.claim.topic, claim->topic);
            EXPECT_FALSE(worker.state.is_over);
        }
        EXPECT_EQ(found, wanted);
    };
    for (int turn = 0; turn < 60; ++turn) {
        then(change);
        pass(4); // the failures, and a turn
        then([] {});
        then(prove);
    }
    publish();
}

INSTANTIATE_TEST_SUITE_P(Seeds, AnyOrder, testing::Range(0, 20));

TEST_F(PublishFeedsTest, OtherFeedsDoNotWaitForOneThatCantBeMade)
{
    claims.unprepared = {sick, sick};
    claims.claimed = {claim_of("a")};
    clock.script.emplace_back([this] { EXPECT_EQ(workers.begun, 1); });
    pass(100); // 25 seconds
    publish();
    EXPECT_EQ(claims.prepared, 3);
    EXPECT_GE(claims.ticks, 90);
    EXPECT_EQ(seen.count<event::FeedsUnavailable>(), 1);
    EXPECT_EQ(seen.count<event::FeedsRecovered>(), 1);
}

} // namespace
} // namespace analytics::ingestor
