/* The lanes with their threads: what is sent is committed elsewhere and comes back, whatever becomes of it. */
#include "../../../ingestor/lane_threads.hpp"
#include "fakes.hpp"

#include <future>
#include <gmock/gmock.h>
#include <stdexcept>

namespace analytics::ingestor {
namespace {

using namespace fakes;
using testing::ElementsAre;
using testing::UnorderedElementsAre;

constexpr Milliseconds patience{20'000};

/** Does as its test says. */
class DoingWriter final : public Writer {
public:
    using Doing = std::function<Receipt(const Batch &, const Patience &)>;
    explicit DoingWriter(Doing doing) : doing_(std::move(doing)) {}

    std::variant<Claim, Failure> take(const Partition &, std::int64_t, std::int64_t, const Patience &) override
    {
        return sick;
    }
    Receipt commit(const Partition &, const Claim &, const Batch &batch, std::optional<std::int64_t>,
                   const Patience &may_wait) override
    {
        return doing_(batch, may_wait);
    }
    std::variant<std::vector<Partition>, Failure> rewound(std::span<const Claimed>, const Patience &) override
    {
        return sick;
    }
    std::variant<Store, Failure> store(const Patience &) override { return sick; }
    std::variant<bool, Failure> gap_accepted(const Partition &, const Claim &, const Patience &) override
    {
        return sick;
    }

private:
    Doing doing_;
};

Receipt stored(const Batch &batch, const Patience &)
{
    return Committed{.stored = static_cast<std::int64_t>(batch.size()), .refusals = {}};
}

/* A database that never answers, as the runtime's connection waits for one. */
Receipt waiting(const Batch &, const Patience &may_wait)
{
    while (may_wait()) std::this_thread::sleep_for(Milliseconds(1));
    return sick;
}

Cargo cargo(std::int32_t partition)
{
    Cargo made{.partition = {"t", partition}, .claim = {}, .batch = {}, .high_watermark = {}};
    made.batch.add(record("t", partition, 7), Time{});
    return made;
}

class LaneThreadsTest : public testing::Test {
protected:
    void given_lanes(std::vector<DoingWriter::Doing> doings, Milliseconds silence = LaneThreads::longest_silence)
    {
        std::vector<std::unique_ptr<Writer>> writers;
        for (auto &doing : doings) writers.push_back(std::make_unique<DoingWriter>(std::move(doing)));
        lanes.emplace(
            std::move(writers), [this] { ++wakes; }, silence);
    }

    Arrival await()
    {
        const Time deadline = Time::clock::now() + patience;
        while (Time::clock::now() < deadline) {
            if (auto arrival = lanes->arrival()) return std::move(*arrival);
            lanes->wait(deadline);
        }
        throw std::runtime_error("nothing arrived");
    }

    std::atomic<int> wakes = 0;
    std::optional<LaneThreads> lanes;
};

TEST_F(LaneThreadsTest, WhatIsSentArrivesWithItsReceipt)
{
    given_lanes({stored});
    lanes->send(cargo(3));
    const Arrival arrival = await();
    EXPECT_EQ(arrival.cargo.partition.id, 3);
    EXPECT_EQ(arrival.cargo.batch.next_offset(), 8);
    EXPECT_EQ(std::get<Committed>(arrival.receipt).stored, 1);
}

TEST_F(LaneThreadsTest, TheSenderGoesOnMeanwhileAndTheLaneIsNotIdle)
{
    std::promise<void> go;
    given_lanes({[done = go.get_future().share()](const Batch &batch, const Patience &may_wait) {
        done.wait();
        return stored(batch, may_wait);
    }});
    EXPECT_NE(lanes->idle(), nullptr);
    lanes->send(cargo(0));
    EXPECT_EQ(lanes->idle(), nullptr);
    EXPECT_FALSE(lanes->arrival());
    go.set_value();
    await();
    EXPECT_NE(lanes->idle(), nullptr);
}

TEST_F(LaneThreadsTest, AsManyAreUnderWayAtOnceAsThereAreLanes)
{
    std::promise<void> first;
    std::promise<void> second; // each waits for the other
    given_lanes({[&](const Batch &batch, const Patience &may_wait) {
                     first.set_value();
                     second.get_future().wait();
                     return stored(batch, may_wait);
                 },
                 [&](const Batch &batch, const Patience &may_wait) {
                     first.get_future().wait();
                     second.set_value();
                     return stored(batch, may_wait);
                 }});
    lanes->send(cargo(0));
    lanes->send(cargo(1));
    EXPECT_THAT((std::vector{await().cargo.partition.id, await().cargo.partition.id}), UnorderedElementsAre(0, 1));
}

TEST_F(LaneThreadsTest, ALaneIsUsedAgainAndAgain)
{
    given_lanes({stored});
    std::vector<std::int32_t> arrived;
    for (const std::int32_t partition : {0, 1, 2}) {
        lanes->send(cargo(partition));
        arrived.push_back(await().cargo.partition.id);
    }
    EXPECT_THAT(arrived, ElementsAre(0, 1, 2));
}

TEST_F(LaneThreadsTest, EachArrivalIsCalledOut)
{
    given_lanes({stored});
    lanes->send(cargo(0));
    await();
    lanes.reset(); // its threads have ended
    EXPECT_EQ(wakes, 1);
}

TEST_F(LaneThreadsTest, WaitingForNothingEndsInTime)
{
    given_lanes({stored});
    const Time until = Time::clock::now() + Milliseconds(20);
    lanes->wait(until);
    EXPECT_GE(Time::clock::now(), until);
}

TEST_F(LaneThreadsTest, WhatIsGivenUpArrivesAndTheNextOneIsNot)
{
    int calls = 0;
    given_lanes({[&](const Batch &batch, const Patience &may_wait) {
        if (++calls == 1) return waiting(batch, may_wait);
        EXPECT_TRUE(may_wait());
        return stored(batch, may_wait);
    }});
    lanes->send(cargo(0));
    lanes->give_up();
    EXPECT_TRUE(std::holds_alternative<Failure>(await().receipt));
    lanes->send(cargo(1));
    EXPECT_TRUE(std::holds_alternative<Committed>(await().receipt));
}

TEST_F(LaneThreadsTest, ItsEndDoesNotWaitForTheDatabase)
{
    given_lanes({waiting, waiting});
    lanes->send(cargo(0));
    lanes->send(cargo(1));
    lanes.reset();
    EXPECT_EQ(wakes, 2);
}

TEST_F(LaneThreadsTest, WhatAWriterThrowsIsThrownToWhoAsksForArrivals)
{
    given_lanes({[](const Batch &, const Patience &) -> Receipt { throw std::length_error("too much"); }});
    lanes->send(cargo(0));
    EXPECT_THROW(await(), std::length_error);
    EXPECT_FALSE(lanes->arrival());
}

TEST_F(LaneThreadsTest, TheBatchIsTheWorkInHandOfItsThread)
{
    const runtime::Work *in_hand = nullptr;
    std::string span;
    given_lanes({[&](const Batch &batch, const Patience &may_wait) {
        in_hand = runtime::Tracing::in_hand();
        span = in_hand == nullptr ? "" : in_hand->name.span_id;
        return stored(batch, may_wait);
    }});
    lanes->send(cargo(0));
    EXPECT_EQ(span, await().cargo.batch.work().name.span_id);
    EXPECT_FALSE(span.empty());
}

TEST_F(LaneThreadsTest, WhoNeitherAnswersNorAsksIsNotAlive)
{
    std::promise<void> go;
    given_lanes({[done = go.get_future().share()](const Batch &batch, const Patience &may_wait) {
                    done.wait();
                    return stored(batch, may_wait);
                }},
                Milliseconds(0));
    EXPECT_TRUE(lanes->is_alive());
    lanes->send(cargo(0));
    while (lanes->is_alive()) std::this_thread::yield();
    go.set_value();
    await();
    EXPECT_TRUE(lanes->is_alive());
}

TEST_F(LaneThreadsTest, WhoAsksIsAliveAgain)
{
    std::promise<void> ask;
    std::promise<void> asked;
    std::promise<void> go;
    given_lanes({[&](const Batch &batch, const Patience &may_wait) {
                    ask.get_future().wait();
                    may_wait();
                    asked.set_value();
                    go.get_future().wait();
                    return stored(batch, may_wait);
                }},
                Milliseconds(1'000));
    lanes->send(cargo(0));
    while (lanes->is_alive()) std::this_thread::yield();
    ask.set_value();
    asked.get_future().wait();
    EXPECT_TRUE(lanes->is_alive());
    go.set_value();
    await();
}

} // namespace
} // namespace analytics::ingestor
