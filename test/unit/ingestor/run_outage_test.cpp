/* The loop and a database that is sick, or refuses for good. */
#include "run_fixture.hpp"

#include <gmock/gmock.h>

namespace analytics::ingestor {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Not;

// ---- a sick database ---------------------------------------------------------------------------------------------

TEST_F(RunTest, ATransientFailureIsTriedAgainWithTheSameBatch)
{
    given_assigned();
    writer.receipts.assign(2, sick);
    bring_records(0, 3);
    go();
    EXPECT_THAT(journal, ElementsAre("commit t/0 [0,3) 3 records", "commit t/0 [0,3) 3 records",
                                     "commit t/0 [0,3) 3 records", "done t/0@3", "close"));
}

TEST_F(RunTest, AHiccupDoesNotHoldKafka)
{
    given_assigned();
    writer.receipts.assign(2, sick);
    bring_records(0, 3);
    go();
    EXPECT_THAT(journal, Not(Contains("pause")));
}

TEST_F(RunTest, AnOutageHoldsKafkaAndKeepsPolling)
{
    given_assigned();
    writer.receipts.assign(8, sick);
    bring_records(0, 3);
    for (int i = 0; i < 300; ++i) consumer.bring(Nothing{});
    go();
    EXPECT_EQ(std::count(journal.begin(), journal.end(), "pause"), 1);
    EXPECT_EQ(std::count(journal.begin(), journal.end(), "resume"), 1);
    EXPECT_THAT(journal, Contains("done t/0@3"));
    EXPECT_GT(consumer.polls, 50) << "membership needs polling";
}

TEST_F(RunTest, AnOutageThatLastsHoldsKafkaThoughOneTryTakesLong)
{
    given_assigned();
    hang(Milliseconds(60'000), 2);
    std::optional<Time> sent;
    workers.when_submitted = [&] { sent = sent.value_or(clock.now()); };
    bring_records(0, 3);
    consumer.until([this] { return journal.back() == "pause"; });
    consumer.then([&] { EXPECT_LE(clock.now() - *sent, workers.takes + options.pause_sick_after + slice); });
    go();
}

TEST_F(RunTest, ItIsAliveWhileItWaitsForTheDatabase)
{
    given_assigned();
    bring_records(0, 2);
    consumer.then([this] { seen.beats = 0; });
    hang(Milliseconds(60'000));
    consumer.bring(record("t", 0, 2));
    consumer.until([this] { return seen.count<event::DatabaseUnavailable>() > 0; });
    consumer.then([this] { EXPECT_GE(seen.beats, 60); });
    go();
}

TEST_F(RunTest, OnlyChangesOfStateAreReported)
{
    given_assigned();
    writer.receipts.assign(8, sick);
    bring_records(0, 3);
    for (int i = 0; i < 300; ++i) consumer.bring(Nothing{});
    go();
    EXPECT_EQ(seen.count<event::DatabaseUnavailable>(), 1);
    EXPECT_EQ(seen.count<event::DatabaseRecovered>(), 1);
    EXPECT_EQ(seen.count<event::ConsumptionPaused>(), 1);
    EXPECT_EQ(seen.count<event::ConsumptionResumed>(), 1);
    EXPECT_EQ(seen.field<event::DatabaseUnavailable>("sqlstate"), "08001");
}

TEST_F(RunTest, TriesBecomeRarer)
{
    given_assigned();
    writer.receipts.assign(1'000, sick);
    bring_records(0, 3);
    Time begun;
    consumer.then([&] { begun = clock.now(); });
    for (int i = 0; i < 3'000; ++i) consumer.bring(Nothing{});
    go();
    const auto hours = std::chrono::duration<double>(clock.now() - begun).count() / 3'600;
    const auto tries = std::count(journal.begin(), journal.end(), "commit t/0 [0,3) 3 records");
    EXPECT_GE(static_cast<double>(tries), hours * 3'600 / 5) << "capped at 5 s";
    EXPECT_LE(static_cast<double>(tries), hours * 3'600 / 2.5 + 10) << "not below half of it, once grown";
}

TEST_F(RunTest, AnAssignmentDuringAnOutageIsAnsweredAtOnce)
{
    writer.claim_failures.assign(3, sick);
    consumer.bring(Assigned{{{"t", 0}}});
    consumer.then([this] { EXPECT_EQ(journal.back(), "assign") << "the group must not wait for our database"; });
    for (int i = 0; i < 100; ++i) consumer.bring(Nothing{});
    EXPECT_EQ(go(), ExitCode::stopped);
    EXPECT_THAT(journal, Contains("assign t/0@0"));
    EXPECT_EQ(seen.count<event::DatabaseUnavailable>(), 1);
}

TEST_F(RunTest, ARevocationDuringAnOutageGivesUpAtOnce)
{
    given_assigned();
    writer.receipts.assign(100, sick);
    bring_records(0, 3);
    for (int i = 0; i < 100; ++i) consumer.bring(Nothing{});
    consumer.then([this] { journal.clear(); });
    consumer.bring(Revoked{});
    go();
    EXPECT_THAT(journal, Contains("unassign"));
    EXPECT_EQ(seen.field<event::PartitionsRevoked>("records_dropped"), "3");
}

TEST_F(RunTest, AfterARevocationInAnOutageItNeitherSpinsNorForgets)
{
    given_assigned();
    writer.receipts.assign(1, sick);
    bring_records(0, 3);
    consumer.bring(Revoked{});
    for (int i = 0; i < 20; ++i) consumer.bring(Nothing{});
    consumer.bring(Assigned{{{"t", 0}}});
    for (int i = 0; i < 20; ++i) consumer.bring(Nothing{});
    const Time begun = clock.now();
    EXPECT_EQ(go(), ExitCode::stopped);
    EXPECT_GE(clock.now() - begun, Milliseconds(1'000)) << "polls must wait";
    EXPECT_EQ(seen.count<event::DatabaseRecovered>(), 1);
}

TEST_F(RunTest, ARefusalThatWontMendIsAFault)
{
    given_assigned();
    writer.receipts.push_back(refused);
    bring_records(0, 5);
    EXPECT_EQ(go(), ExitCode::fault);
    EXPECT_THAT(journal, ElementsAre("commit t/0 [0,3) 3 records", "close"));
    EXPECT_EQ(seen.field<event::DatabaseRefused>("sqlstate"), "42501");
}

TEST_F(RunTest, ARefusedClaimIsAFault)
{
    writer.claim_failures.push_back(refused);
    consumer.bring(Assigned{{{"t", 0}}});
    EXPECT_EQ(go(), ExitCode::fault);
    EXPECT_EQ(journal.back(), "close");
}

} // namespace
} // namespace analytics::ingestor
