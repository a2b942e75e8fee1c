/* The copying of dead letters: what is marked, when it is tried again, what is told. */
#include "../../../ingestor/publish.hpp"
#include "fakes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace analytics::ingestor {
namespace {

using namespace fakes;
using runtime::Event;
using testing::ElementsAre;

/** Hands out what was scripted, one a take; then asks for a stop. */
class FakeStore final : public LetterStore {
public:
    explicit FakeStore(std::stop_source &stop) : stop_(stop) {}

    std::variant<std::vector<Letter>, Failure> take() override
    {
        ++takes;
        if (script.empty()) {
            stop_.request_stop();
            return std::vector<Letter>{};
        }
        auto next = script.front();
        script.pop_front();
        return next;
    }
    std::optional<Failure> settle(const Fates &fates) override
    {
        settled.push_back(fates.published);
        return settle_failure;
    }

    std::deque<std::variant<std::vector<Letter>, Failure>> script;
    std::optional<Failure> settle_failure;
    std::vector<std::vector<std::int64_t>> settled;
    int takes = 0;

private:
    std::stop_source &stop_;
};

class FakeTopic final : public LetterTopic {
public:
    Fates send(std::span<const Letter> letters, const std::stop_token &) override
    {
        Fates fates;
        if (!faults.empty()) {
            fates.fault = faults.front();
            faults.pop_front();
        }
        for (const Letter &letter : letters)
            if (letter.key == "large")
                fates.unpublishable.push_back({letter.id, "too large"});
            else if (fates.fault.empty())
                fates.published.push_back(letter.id);
        return fates;
    }

    std::deque<std::string> faults; // of the next sends; empty: none
};

class PublishTest : public testing::Test {
protected:
    void go() { publish(store, topic, clock, stop.get_token(), seen, {}); }
    static Letter letter(std::int64_t id, const char *key = "k")
    {
        return {.id = id, .key = key, .value = "v", .headers = {}};
    }
    void given(std::initializer_list<Letter> letters) { store.script.emplace_back(std::vector<Letter>(letters)); }

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
    EXPECT_THAT(store.settled, ElementsAre(ElementsAre(1, 2), ElementsAre(3)));
    EXPECT_EQ(seen.counts[Event::dead_letters_published], 2);
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
    EXPECT_TRUE(store.settled.empty());
}

TEST_F(PublishTest, AFaultIsToldOnceAndWaitedFor)
{
    topic.faults = {"broker down", "broker down", "broker down", ""};
    for (int i = 0; i < 4; ++i) given({letter(1)});
    const Time begun = clock.now();
    go();
    EXPECT_GE(clock.now() - begun, Milliseconds(700));
    EXPECT_EQ(seen.counts[Event::publishing_paused], 1);
    EXPECT_EQ(seen.field(Event::publishing_paused, "message"), "broker down");
    EXPECT_EQ(seen.counts[Event::publishing_resumed], 1);
    EXPECT_THAT(store.settled.back(), ElementsAre(1));
}

TEST_F(PublishTest, ALetterThatCantBePublishedIsToldAndCostsNoOther)
{
    given({letter(1), letter(2, "large"), letter(3)});
    go();
    EXPECT_THAT(store.settled, ElementsAre(ElementsAre(1, 3)));
    EXPECT_EQ(seen.field(Event::dead_letter_unpublishable, "letter"), "2");
    EXPECT_EQ(seen.counts[Event::publishing_paused], 0);
}

TEST_F(PublishTest, ALetterOfWhichNoMessageCanBeMadeIsToldAndNeverSent)
{
    Letter spoilt = letter(2);
    spoilt.fault = "invalid symbol";
    given({letter(1), spoilt, letter(3)});
    given({spoilt});
    go();
    EXPECT_THAT(store.settled, ElementsAre(ElementsAre(1, 3), ElementsAre()));
    EXPECT_EQ(seen.field(Event::dead_letter_unpublishable, "message"), "invalid symbol");
    EXPECT_EQ(seen.counts[Event::dead_letter_unpublishable], 2);
    EXPECT_EQ(seen.counts[Event::publishing_paused], 0);
}

TEST_F(PublishTest, ADatabaseThatFailsIsWaitedFor)
{
    store.script.emplace_back(sick);
    given({letter(1)});
    go();
    EXPECT_EQ(seen.field(Event::publishing_paused, "message"), sick.message);
    EXPECT_EQ(seen.counts[Event::publishing_resumed], 1);
}

TEST_F(PublishTest, NothingIsToldAsPublishedThatCouldNotBeMarked)
{
    store.settle_failure = sick;
    given({letter(1)});
    go();
    EXPECT_EQ(seen.counts[Event::dead_letters_published], 0);
}

} // namespace
} // namespace analytics::ingestor
