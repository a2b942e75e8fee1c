/* The loop while batches are under way: what goes on meanwhile, what waits, and how much is in hand. */
#include "run_fixture.hpp"

#include <gmock/gmock.h>
#include <random>

namespace analytics::ingestor {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Not;
using testing::StartsWith;

constexpr Milliseconds a_while{1'000};

// ---- what goes on ------------------------------------------------------------------------------------------------

TEST_F(RunTest, WhileABatchIsUnderWayTheNextOneIsAssembled)
{
    given_assigned();
    workers.takes = a_while;
    bring_records(0, 5);
    consumer.then([this] { EXPECT_THAT(journal, ElementsAre("commit t/0 [0,3) 3 records")); });
    go();
    EXPECT_THAT(journal, ElementsAre("commit t/0 [0,3) 3 records", "done t/0@3", "commit t/0 [3,5) 2 records",
                                     "done t/0@5", "close"));
}

TEST_F(RunTest, ABatchNeverOvertakesTheLastOneOfItsPartition)
{
    given_assigned();
    workers.width = 2;
    workers.takes = a_while;
    bring_records(0, 6);
    go();
    EXPECT_THAT(journal, ElementsAre("commit t/0 [0,3) 3 records", "done t/0@3", "commit t/0 [3,6) 3 records",
                                     "done t/0@6", "close"));
}

TEST_F(RunTest, AnAgedBatchWaitsForTheLastOneOfItsPartitionAndPollsDoNotSpin)
{
    given_assigned();
    workers.width = 2;
    workers.takes = Milliseconds(10'000);
    workers.when_submitted = [this] { workers.takes = Milliseconds(0); }; // the next ones
    bring_records(0, 4);
    consumer.until([this] { return journal.size() > 1; });
    go();
    EXPECT_THAT(journal, ElementsAre("commit t/0 [0,3) 3 records", "done t/0@3", "commit t/0 [3,4) 1 records",
                                     "done t/0@4", "close"));
    EXPECT_LT(consumer.polls, 120) << "a hundred in ten seconds";
}

TEST_F(RunTest, TwoWorkersWriteTwoPartitionsAtOnce)
{
    given_assigned({{"t", 0}, {"t", 1}});
    workers.width = 2;
    workers.takes = a_while;
    for (int i = 0; i < 3; ++i) consumer.bring(record("t", 0, i)).bring(record("t", 1, i));
    go();
    EXPECT_THAT(journal, ElementsAre("commit t/0 [0,3) 3 records", "commit t/1 [0,3) 3 records", "done t/0@3",
                                     "done t/1@3", "close"));
}

TEST_F(RunTest, OneWorkerWritesThemOneAfterTheOther)
{
    given_assigned({{"t", 0}, {"t", 1}});
    workers.takes = a_while;
    for (int i = 0; i < 3; ++i) consumer.bring(record("t", 0, i)).bring(record("t", 1, i));
    go();
    EXPECT_THAT(journal, ElementsAre("commit t/0 [0,3) 3 records", "done t/0@3", "commit t/1 [0,3) 3 records",
                                     "done t/1@3", "close"));
}

TEST_F(RunTest, RecordsAreStoredOnceThoughTheyComeAgainWhileTheyAreInFlight)
{
    given_assigned();
    workers.takes = a_while;
    bring_records(0, 3);
    bring_records(0, 4);
    go();
    EXPECT_THAT(journal, ElementsAre("commit t/0 [0,3) 3 records", "done t/0@3", "commit t/0 [3,4) 1 records",
                                     "done t/0@4", "close"));
}

TEST_F(RunTest, AWorkerThatHangsShowsNoLife)
{
    given_assigned();
    workers.takes = a_while;
    consumer.then([this] {
        workers.alive = false;
        seen.beats = 0;
    });
    bring_records(0, 3);
    for (int i = 0; i < 5; ++i) consumer.bring(Nothing{});
    consumer.then([this] {
        EXPECT_EQ(seen.beats, 0);
        workers.alive = true;
    });
    go();
    EXPECT_GT(seen.beats, 0);
}

// ---- what waits --------------------------------------------------------------------------------------------------

TEST_F(RunTest, WithAFullBatchThatCannotBeDispatchedNothingMoreIsTaken)
{
    given_assigned();
    workers.takes = a_while;
    bring_records(0, 7);
    int brought = 0;
    consumer.when_brought = [&](std::size_t) {
        if (++brought < 7) return;
        EXPECT_GE(clock.now(), Time{} + a_while) << "the first one must have completed";
    };
    go();
    EXPECT_EQ(brought, 7);
    EXPECT_GT(workers.waits, 0);
}

struct Flood {
    std::size_t workers;
    int partitions;
};
class FloodTest : public RunTest, public testing::WithParamInterface<Flood> {};

TEST_P(FloodTest, WhatIsInHandIsBoundedAndAllOfItIsStored)
{
    constexpr std::size_t size = 100;
    constexpr int count = 3'000;
    const auto [width, partitions] = GetParam();
    const std::string value(size, 'v');
    std::vector<Partition> all;
    for (int i = 0; i < partitions; ++i) all.push_back({"t", i});
    given_assigned(all);
    options.limits = {.records = 1'000, .bytes = 1'000, .age = Milliseconds(200)};
    workers.width = width;
    workers.takes = a_while;

    std::size_t brought = 0;
    std::size_t most = 0;
    consumer.when_brought = [&](std::size_t bytes) {
        brought += bytes;
        most = std::max(most, brought - workers.bytes_completed);
    };
    std::minstd_rand random(7);
    std::vector<std::int64_t> next(static_cast<std::size_t>(partitions));
    for (int i = 0; i < count; ++i) {
        const auto partition = random() % static_cast<unsigned>(partitions);
        consumer.bring(record("t", static_cast<std::int32_t>(partition), next[partition]++, value));
    }
    consumer.until([&] { return workers.bytes_completed == count * size; });
    go();
    const std::size_t open = options.open_batches * options.limits.bytes + size;
    EXPECT_LE(most, open + width * (options.limits.bytes + size));
    EXPECT_GT(most, options.limits.bytes) << "nothing was to be bounded";
}

INSTANTIATE_TEST_SUITE_P(Widths, FloodTest,
                         testing::Values(Flood{1, 1}, Flood{1, 40}, Flood{2, 2}, Flood{2, 40}, Flood{3, 7}),
                         [](const auto &info) {
                             return std::to_string(info.param.workers) + "Workers" +
                                    std::to_string(info.param.partitions) + "Partitions";
                         });

TEST_F(RunTest, ASlowDatabaseHoldsKafkaAndItsAnswerLetsItGo)
{
    given_assigned();
    workers.takes = Milliseconds(30'000);
    Time sent;
    bring_records(0, 3);
    consumer.then([&] { sent = clock.now(); });
    bring_records(3, 6);
    consumer.until([this] { return journal.back() == "pause"; });
    consumer.then([&] {
        EXPECT_GE(clock.now() - sent, options.pause_slow_after);
        EXPECT_LE(clock.now() - sent, options.pause_slow_after + slice);
        workers.takes = a_while; // the next ones
    });
    bring_records(6, 7);
    go();
    EXPECT_THAT(journal,
                ElementsAre("commit t/0 [0,3) 3 records", "pause", "resume", "done t/0@3", "commit t/0 [3,6) 3 records",
                            "done t/0@6", "commit t/0 [6,7) 1 records", "done t/0@7", "close"));
    EXPECT_EQ(seen.count<event::DatabaseUnavailable>(), 0);
}

TEST_F(RunTest, ADatabaseThatIsAlwaysBusyIsNotHeldAgainst)
{
    given_assigned();
    workers.takes = options.pause_slow_after - Milliseconds(500);
    bring_records(0, 60);
    go();
    EXPECT_THAT(journal, Not(Contains("pause")));
}

// ---- what comes back ---------------------------------------------------------------------------------------------

TEST_F(RunTest, ABatchThatComesBackGoesAgainAsItWasBeforeTheNextOne)
{
    given_assigned();
    hang(a_while);
    bring_records(0, 5);
    consumer.until([this] { return seen.count<event::DatabaseRecovered>() > 0; });
    go();
    EXPECT_THAT(journal, ElementsAre("commit t/0 [0,3) 3 records", "commit t/0 [0,3) 3 records", "done t/0@3",
                                     "commit t/0 [3,5) 2 records", "done t/0@5", "close"));
}

TEST_F(RunTest, OnceADatabaseIsSickOneTryAtATimeIsMade)
{
    given_assigned({{"t", 0}, {"t", 1}, {"t", 2}});
    workers.width = 3;
    writer.receipts.assign(3, sick);
    for (int i = 0; i < 3; ++i) consumer.bring(record("t", 0, i)).bring(record("t", 1, i)).bring(record("t", 2, i));
    std::vector<Time> sent;
    workers.when_submitted = [&] { sent.push_back(clock.now()); };
    consumer.until([this] { return seen.count<event::DatabaseRecovered>() > 0; });
    go();
    ASSERT_GE(sent.size(), 4U);
    EXPECT_LT(sent[0], sent[1]);
    EXPECT_LT(sent[1], sent[2]);
    EXPECT_LT(sent[2], sent[3]);
    EXPECT_THAT(journal, Contains("done t/2@3"));
}

TEST_F(RunTest, ATryThatHangsDelaysNoOtherWorker)
{
    options.limits.age = Milliseconds(600'000);
    given_assigned({{"t", 0}, {"t", 1}});
    workers.width = 2;
    writer.judge = [this](const Partition &partition, const Batch &) -> std::optional<Receipt> {
        workers.takes = Milliseconds(partition.id == 0 ? 60'000 : 0);
        return partition.id == 0 ? std::optional<Receipt>(sick) : std::nullopt;
    };
    consumer.bring(record("t", 1, 0));
    bring_records(0, 3);
    const Time begun = clock.now();
    consumer.until([this] { return std::ranges::count(journal, "done t/1@1") == 1; });
    consumer.then([&] { EXPECT_LT(clock.now() - begun, Milliseconds(60'000) + a_while); });
    go();
}

// ---- what is given up --------------------------------------------------------------------------------------------

TEST_F(RunTest, ARevocationAwaitsWhatIsUnderWayThenWritesTheRest)
{
    given_assigned({{"t", 0}, {"t", 1}});
    workers.takes = a_while;
    bring_records(0, 4);
    consumer.bring(record("t", 1, 0)).bring(Revoked{});
    go();
    EXPECT_THAT(journal, ElementsAre("commit t/0 [0,3) 3 records", "done t/0@3", "commit t/1 [0,1) 1 records",
                                     "done t/1@1", "commit t/0 [3,4) 1 records", "done t/0@4", "unassign", "close"));
    EXPECT_EQ(seen.field<event::PartitionsRevoked>("records_dropped"), "0");
}

TEST_F(RunTest, AnAssignmentGivesUpWhatIsUnderWayAndIsNotSickForIt)
{
    given_assigned();
    workers.takes = a_while;
    bring_records(0, 4);
    consumer.bring(Revoked{.lost = true});
    consumer.then([this] { writer.offsets["t/0"] = 3; }); // what was given up did commit
    consumer.bring(Assigned{{{"t", 0}}}).bring(record("t", 0, 3));
    go();
    EXPECT_EQ(workers.abandoned, 1);
    EXPECT_EQ(seen.count<event::DatabaseUnavailable>(), 0);
    EXPECT_THAT(journal, ElementsAre("commit t/0 [0,3) 3 records", "unassign", "claim t/0 first 0 high 1000000",
                                     "assign t/0@3", "commit t/0 [3,4) 1 records", "done t/0@4", "close"));
}

TEST_F(RunTest, TheWordOnABatchOfAnEarlierClaimDoesNotTouchTheNewOne)
{
    given_assigned();
    workers.width = 2;
    workers.takes = a_while;
    workers.abandons_after = a_while / 2;
    workers.when_abandoned = Fenced{};
    bring_records(0, 3);
    consumer.bring(Revoked{.lost = true}).bring(Assigned{{{"t", 0}}});
    bring_records(0, 3);
    for (int i = 0; i < 20; ++i) consumer.bring(Nothing{});
    go();
    EXPECT_EQ(workers.abandoned, 1);
    EXPECT_THAT(journal, Not(Contains("rejoin")));
    EXPECT_EQ(seen.count<event::PartitionFenced>(), 0);
    EXPECT_THAT(journal, Contains("done t/0@3"));
}

TEST_F(RunTest, TheWordOnABatchIsHeardAfterItsPartitionWasLost)
{
    given_assigned();
    workers.takes = a_while;
    writer.receipts = {Fenced{}};
    bring_records(0, 3);
    consumer.bring(Revoked{.lost = true});
    consumer.until([this] { return seen.count<event::PartitionFenced>() > 0; });
    go();
    EXPECT_EQ(workers.abandoned, 0);
    EXPECT_THAT(journal, Not(Contains("rejoin"))) << "it is about to join anyway";
    EXPECT_EQ(seen.count<event::PartitionFenced>(), 1);
    EXPECT_EQ(seen.field<event::PartitionFenced>("records_dropped"), "3");
}

TEST_F(RunTest, ARevocationInAnOutageDoesNotWaitForATryThatHangs)
{
    given_assigned();
    hang(Milliseconds(60'000), 2);
    bring_records(0, 3);
    consumer.until([this] { return journal.back() == "pause"; });
    Time begun;
    consumer.then([&] { begun = clock.now(); });
    consumer.bring(Revoked{});
    consumer.then([&] { EXPECT_LE(clock.now() - begun, slice); });
    go();
    EXPECT_EQ(workers.abandoned, 1);
}

TEST_F(RunTest, AClaimWaitsForAWorkerButNotForEver)
{
    consumer.marks["t/1"] = std::nullopt;
    given_assigned({{"t", 0}, {"t", 1}});
    workers.takes = Milliseconds(5'000);
    bring_records(0, 3);
    consumer.then([this] { consumer.marks.clear(); });
    consumer.until([this] { return seen.count<event::PartitionsReady>() > 0; });
    go();
    EXPECT_THAT(journal, ElementsAre("commit t/0 [0,3) 3 records", "done t/0@3", StartsWith("claim t/1"),
                                     StartsWith("assign t/0@3 t/1@"), "close"));
    EXPECT_GT(consumer.polls, 10) << "it kept polling";
}

} // namespace
} // namespace analytics::ingestor
