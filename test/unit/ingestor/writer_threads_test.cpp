/* The workers with their threads: what is submitted is committed elsewhere and completes, whatever its outcome. */
#include "../../../ingestor/writer_threads.hpp"
#include "fake_writer.hpp"

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
    using Doing = std::function<Receipt(const Batch &, const KeepWaiting &)>;
    explicit DoingWriter(Doing doing) : doing_(std::move(doing)) {}

    std::variant<Claim, Failure> claim(const Partition &, std::int64_t, std::int64_t, const KeepWaiting &) override
    {
        return sick;
    }
    Receipt commit(const Partition &, const Claim &, const Batch &batch, std::optional<std::int64_t>,
                   const KeepWaiting &keep_waiting) override
    {
        return doing_(batch, keep_waiting);
    }
    std::variant<std::vector<Partition>, Failure> rewound(std::span<const ClaimedPartition>,
                                                          const KeepWaiting &) override
    {
        return sick;
    }
    std::variant<Store, Failure> store(const KeepWaiting &) override { return sick; }
    std::variant<bool, Failure> gap_accepted(const Partition &, const Claim &, const KeepWaiting &) override
    {
        return sick;
    }

private:
    Doing doing_;
};

Receipt stored(const Batch &batch, const KeepWaiting &)
{
    return Committed{.stored = static_cast<std::int64_t>(batch.size()), .refusals = {}};
}

/* A database that never answers, as the runtime's connection waits for one. */
Receipt waiting(const Batch &, const KeepWaiting &keep_waiting)
{
    while (keep_waiting()) std::this_thread::sleep_for(Milliseconds(1));
    return sick;
}

InFlightBatch batch_of(std::int32_t partition)
{
    InFlightBatch made{.partition = {"t", partition}, .claim = {}, .batch = {}, .high_watermark = {}};
    made.batch.add(record("t", partition, 7), Time{});
    return made;
}

class WriterThreadsTest : public testing::Test {
protected:
    void given_workers(std::vector<DoingWriter::Doing> doings, Milliseconds silence = WriterThreads::longest_silence)
    {
        std::vector<std::unique_ptr<Writer>> writers;
        for (auto &doing : doings) writers.push_back(std::make_unique<DoingWriter>(std::move(doing)));
        workers.emplace(
            std::move(writers), [this] { ++wakes; }, silence);
    }

    Completion await()
    {
        const Time deadline = Time::clock::now() + patience;
        while (Time::clock::now() < deadline) {
            if (auto completion = workers->next_completion()) return std::move(*completion);
            workers->wait(deadline);
        }
        throw std::runtime_error("nothing completed");
    }

    std::atomic<int> wakes = 0;
    std::optional<WriterThreads> workers;
};

TEST_F(WriterThreadsTest, WhatIsSubmittedCompletesWithItsReceipt)
{
    given_workers({stored});
    workers->submit(batch_of(3));
    const Completion completion = await();
    EXPECT_EQ(completion.submitted.partition.id, 3);
    EXPECT_EQ(completion.submitted.batch.next_offset(), 8);
    EXPECT_EQ(std::get<Committed>(completion.receipt).stored, 1);
}

TEST_F(WriterThreadsTest, TheCallerContinuesMeanwhileAndTheWorkerIsNotIdle)
{
    std::promise<void> go;
    given_workers({[done = go.get_future().share()](const Batch &batch, const KeepWaiting &keep_waiting) {
        done.wait();
        return stored(batch, keep_waiting);
    }});
    EXPECT_NE(workers->idle_writer(), nullptr);
    workers->submit(batch_of(0));
    EXPECT_EQ(workers->idle_writer(), nullptr);
    EXPECT_FALSE(workers->next_completion());
    go.set_value();
    await();
    EXPECT_NE(workers->idle_writer(), nullptr);
}

TEST_F(WriterThreadsTest, AsManyAreInFlightAtOnceAsThereAreWorkers)
{
    std::promise<void> first;
    std::promise<void> second; // each waits for the other
    given_workers({[&](const Batch &batch, const KeepWaiting &keep_waiting) {
                       first.set_value();
                       second.get_future().wait();
                       return stored(batch, keep_waiting);
                   },
                   [&](const Batch &batch, const KeepWaiting &keep_waiting) {
                       first.get_future().wait();
                       second.set_value();
                       return stored(batch, keep_waiting);
                   }});
    workers->submit(batch_of(0));
    workers->submit(batch_of(1));
    EXPECT_THAT((std::vector{await().submitted.partition.id, await().submitted.partition.id}),
                UnorderedElementsAre(0, 1));
}

TEST_F(WriterThreadsTest, AWorkerIsUsedAgainAndAgain)
{
    given_workers({stored});
    std::vector<std::int32_t> completed;
    for (const std::int32_t partition : {0, 1, 2}) {
        workers->submit(batch_of(partition));
        completed.push_back(await().submitted.partition.id);
    }
    EXPECT_THAT(completed, ElementsAre(0, 1, 2));
}

TEST_F(WriterThreadsTest, EachCompletionIsNotified)
{
    given_workers({stored});
    workers->submit(batch_of(0));
    await();
    workers.reset(); // its threads have ended
    EXPECT_EQ(wakes, 1);
}

TEST_F(WriterThreadsTest, WaitingForNothingEndsInTime)
{
    given_workers({stored});
    const Time until = Time::clock::now() + Milliseconds(20);
    workers->wait(until);
    EXPECT_GE(Time::clock::now(), until);
}

TEST_F(WriterThreadsTest, WhatIsAbandonedCompletesAndTheNextOneIsNotAbandoned)
{
    int calls = 0;
    given_workers({[&](const Batch &batch, const KeepWaiting &keep_waiting) {
        if (++calls == 1) return waiting(batch, keep_waiting);
        EXPECT_TRUE(keep_waiting());
        return stored(batch, keep_waiting);
    }});
    workers->submit(batch_of(0));
    workers->abandon();
    EXPECT_TRUE(std::holds_alternative<Failure>(await().receipt));
    workers->submit(batch_of(1));
    EXPECT_TRUE(std::holds_alternative<Committed>(await().receipt));
}

TEST_F(WriterThreadsTest, ItsEndDoesNotWaitForTheDatabase)
{
    given_workers({waiting, waiting});
    workers->submit(batch_of(0));
    workers->submit(batch_of(1));
    workers.reset();
    EXPECT_EQ(wakes, 2);
}

TEST_F(WriterThreadsTest, WhatAWriterThrowsIsThrownToWhoAsksForCompletions)
{
    given_workers({[](const Batch &, const KeepWaiting &) -> Receipt { throw std::length_error("too much"); }});
    workers->submit(batch_of(0));
    EXPECT_THROW(await(), std::length_error);
    EXPECT_FALSE(workers->next_completion());
}

TEST_F(WriterThreadsTest, TheBatchIsTheCurrentSpanOfItsThread)
{
    const runtime::Span *current = nullptr;
    std::string span;
    given_workers({[&](const Batch &batch, const KeepWaiting &keep_waiting) {
        current = runtime::SpanScope::current();
        span = current == nullptr ? "" : current->context.span_id;
        return stored(batch, keep_waiting);
    }});
    workers->submit(batch_of(0));
    EXPECT_EQ(span, await().submitted.batch.span().context.span_id);
    EXPECT_FALSE(span.empty());
}

TEST_F(WriterThreadsTest, WhoNeitherAnswersNorAsksIsNotAlive)
{
    std::promise<void> go;
    given_workers({[done = go.get_future().share()](const Batch &batch, const KeepWaiting &keep_waiting) {
                      done.wait();
                      return stored(batch, keep_waiting);
                  }},
                  Milliseconds(0));
    EXPECT_TRUE(workers->is_alive());
    workers->submit(batch_of(0));
    while (workers->is_alive()) std::this_thread::yield();
    go.set_value();
    await();
    EXPECT_TRUE(workers->is_alive());
}

TEST_F(WriterThreadsTest, WhoAsksIsAliveAgain)
{
    std::promise<void> ask;
    std::promise<void> asked;
    std::promise<void> go;
    given_workers({[&](const Batch &batch, const KeepWaiting &keep_waiting) {
                      ask.get_future().wait();
                      keep_waiting();
                      asked.set_value();
                      go.get_future().wait();
                      return stored(batch, keep_waiting);
                  }},
                  Milliseconds(1'000));
    workers->submit(batch_of(0));
    while (workers->is_alive()) std::this_thread::yield();
    ask.set_value();
    asked.get_future().wait();
    EXPECT_TRUE(workers->is_alive());
    go.set_value();
    await();
}

} // namespace
} // namespace analytics::ingestor
