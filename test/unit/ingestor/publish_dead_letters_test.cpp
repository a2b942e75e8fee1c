/* The copying of dead letters: what is marked, when it is tried again, what is reported. */
#include "../../../ingestor/publish_dead_letters.hpp"
#include "fake_writer.hpp"
#include "recorder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace analytics::ingestor {
namespace {

using namespace fakes;
using testing::ElementsAre;

/** Hands out what was scripted, one a take; then asks for a stop. */
class FakeStore final : public DeadLetterStore {
public:
    explicit FakeStore(std::stop_source &stop) : stop_(stop) {}

    std::variant<std::vector<DeadLetter>, Failure> lock_next() override
    {
        ++locks;
        if (script.empty()) {
            stop_.request_stop();
            return std::vector<DeadLetter>{};
        }
        auto next = script.front();
        script.pop_front();
        return next;
    }
    std::optional<Failure> mark(const DeliveryReport &report) override
    {
        marked.push_back(report.published);
        return mark_failure;
    }

    std::deque<std::variant<std::vector<DeadLetter>, Failure>> script;
    std::optional<Failure> mark_failure;
    std::vector<std::vector<std::int64_t>> marked;
    int locks = 0;

private:
    std::stop_source &stop_;
};

class FakeTopic final : public DeadLetterTopic {
public:
    DeliveryReport send(std::span<const DeadLetter> letters, const std::stop_token &) override
    {
        DeliveryReport report;
        if (!faults.empty()) {
            report.fault = faults.front();
            faults.pop_front();
        }
        for (const DeadLetter &letter : letters)
            if (letter.key == "large")
                report.unpublishable.push_back({letter.id, "too large"});
            else if (report.fault.empty())
                report.published.push_back(letter.id);
        return report;
    }

    std::deque<std::string> faults; // of the next sends; empty: none
};

class PublishTest : public testing::Test {
protected:
    void go() { publish_dead_letters(store, topic, clock, stop.get_token(), seen, {}); }
    static DeadLetter letter(std::int64_t id, const char *key = "k")
    {
        return {.id = id, .key = key, .value = "v", .headers = {}};
    }
    void given(std::initializer_list<DeadLetter> letters)
    {
        store.script.emplace_back(std::vector<DeadLetter>(letters));
    }

    FakeClock clock;
    std::stop_source stop;
    FakeStore store{stop};
    FakeTopic topic;
    Recorder seen;
};

TEST_F(PublishTest, WhatTheTopicHasIsMarked)
{
    given({letter(1), letter(2)});
    given({letter(3)});
    go();
    EXPECT_THAT(store.marked, ElementsAre(ElementsAre(1, 2), ElementsAre(3)));
    EXPECT_EQ(seen.count<event::DeadLettersPublished>(), 2);
}

TEST_F(PublishTest, WhileThereAreLettersNobodyWaits)
{
    given({letter(1)});
    given({letter(2)});
    const Time begun = clock.now();
    go();
    EXPECT_EQ(clock.now(), begun);
}

TEST_F(PublishTest, WithoutLettersItLooksAgainAfterAPause)
{
    given({});
    given({});
    const Time begun = clock.now();
    go();
    EXPECT_EQ(clock.now() - begun, Milliseconds(2'000));
    EXPECT_TRUE(store.marked.empty());
}

TEST_F(PublishTest, AFaultIsReportedOnceAndWaitedFor)
{
    topic.faults = {"broker down", "broker down", "broker down", ""};
    for (int i = 0; i < 4; ++i) given({letter(1)});
    const Time begun = clock.now();
    go();
    EXPECT_GE(clock.now() - begun, Milliseconds(700));
    EXPECT_EQ(seen.count<event::PublishingPaused>(), 1);
    EXPECT_EQ(seen.field<event::PublishingPaused>("message"), "broker down");
    EXPECT_EQ(seen.count<event::PublishingResumed>(), 1);
    EXPECT_THAT(store.marked.back(), ElementsAre(1));
}

TEST_F(PublishTest, ADeadLetterThatCantBePublishedIsReportedAndCostsNoOther)
{
    given({letter(1), letter(2, "large"), letter(3)});
    go();
    EXPECT_THAT(store.marked, ElementsAre(ElementsAre(1, 3)));
    EXPECT_EQ(seen.field<event::DeadLetterUnpublishable>("id"), "2");
    EXPECT_EQ(seen.count<event::PublishingPaused>(), 0);
}

TEST_F(PublishTest, ADeadLetterOfWhichNoMessageCanBeMadeIsReportedAndNeverSent)
{
    DeadLetter spoilt = letter(2);
    spoilt.fault = "invalid symbol";
    given({letter(1), spoilt, letter(3)});
    given({spoilt});
    go();
    EXPECT_THAT(store.marked, ElementsAre(ElementsAre(1, 3), ElementsAre()));
    EXPECT_EQ(seen.field<event::DeadLetterUnpublishable>("message"), "invalid symbol");
    EXPECT_EQ(seen.count<event::DeadLetterUnpublishable>(), 2);
    EXPECT_EQ(seen.count<event::PublishingPaused>(), 0);
}

TEST_F(PublishTest, ADatabaseThatFailsIsWaitedFor)
{
    store.script.emplace_back(sick);
    given({letter(1)});
    go();
    EXPECT_EQ(seen.field<event::PublishingPaused>("message"), sick.message);
    EXPECT_EQ(seen.count<event::PublishingResumed>(), 1);
}

TEST_F(PublishTest, NothingIsReportedAsPublishedThatCouldNotBeMarked)
{
    store.mark_failure = sick;
    given({letter(1)});
    go();
    EXPECT_EQ(seen.count<event::DeadLettersPublished>(), 0);
}

} // namespace
} // namespace analytics::ingestor
