/* The loop and its group: a stop, a rebalance, a partition that another has taken. */
#include "run_fixture.hpp"

#include <gmock/gmock.h>

namespace analytics::ingestor {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Not;
using testing::StartsWith;

// ---- stop --------------------------------------------------------------------------------------------------------

TEST_F(RunTest, AStopWritesWhatIsInHandThenLeavesTheGroup)
{
    given_assigned({{"t", 0}, {"t", 1}});
    consumer.bring(record("t", 0, 0)).bring(record("t", 1, 0));
    EXPECT_EQ(go(), ExitCode::stopped);
    EXPECT_THAT(journal, ElementsAre("commit t/0 [0,1) 1 records", "done t/0@1", "commit t/1 [0,1) 1 records",
                                     "done t/1@1", "close"));
}

TEST_F(RunTest, AStopDuringAnOutageDoesNotWaitForTheDatabase)
{
    given_assigned();
    writer.receipts.assign(100, sick);
    bring_records(0, 3);
    consumer.then([this] { stop.request_stop(); });
    consumer.then([] { FAIL() << "polled after the stop"; });
    EXPECT_EQ(go(), ExitCode::stopped);
    EXPECT_EQ(journal.back(), "close");
    EXPECT_THAT(journal, Not(Contains(StartsWith("done"))));
}

TEST_F(RunTest, StopsBeforeTheFirstPollWhenAskedAlready)
{
    stop.request_stop();
    EXPECT_EQ(go(), ExitCode::stopped);
    EXPECT_EQ(consumer.polls, 0);
    EXPECT_THAT(journal, ElementsAre("close"));
}

TEST_F(RunTest, AStopGivesUpABatchThatTheDatabaseDoesNotAnswer)
{
    given_assigned();
    const Time begun = clock.now();
    hang(Milliseconds(60'000));
    workers.when_submitted = [this] { stop.request_stop(); };
    bring_records(0, 3);
    EXPECT_EQ(go(), ExitCode::stopped);
    EXPECT_THAT(journal, ElementsAre("commit t/0 [0,3) 3 records", "close"));
    EXPECT_LE(clock.now() - begun, options.stop_budget + slice) << "of the 10 s, the close has the rest";
    EXPECT_GE(clock.now() - begun, options.stop_budget);
}

TEST_F(RunTest, AStopSharesOneBudgetAmongItsBatches)
{
    given_assigned({{"t", 0}, {"t", 1}, {"t", 2}});
    for (int i = 0; i < 3; ++i) consumer.bring(record("t", i, 0));
    const Time begun = clock.now();
    workers.takes = Milliseconds(3'000);
    EXPECT_EQ(go(), ExitCode::stopped);
    EXPECT_EQ(std::count(journal.begin(), journal.end(), "done t/0@1"), 1);
    EXPECT_THAT(journal, Not(Contains("commit t/2 [0,1) 1 records")));
    EXPECT_LE(clock.now() - begun, options.stop_budget + slice);
}

// ---- rebalance ---------------------------------------------------------------------------------------------------

TEST_F(RunTest, ARevocationWritesWhatIsInHandThenGivesUp)
{
    given_assigned();
    bring_records(0, 2);
    consumer.bring(Revoked{});
    bring_records(2, 6);
    go();
    EXPECT_THAT(journal, ElementsAre("commit t/0 [0,2) 2 records", "done t/0@2", "unassign", "close"));
}

TEST_F(RunTest, ALostAssignmentDropsWhatIsInHand)
{
    given_assigned();
    bring_records(0, 2);
    consumer.bring(Revoked{.lost = true});
    go();
    EXPECT_THAT(journal, ElementsAre("unassign", "close"));
    EXPECT_EQ(seen.field<event::PartitionsRevoked>("records_dropped"), "2");
    EXPECT_EQ(seen.field<event::PartitionsRevoked>("lost"), "true");
}

TEST_F(RunTest, ARevocationTriesToWriteOnlyOnce)
{
    given_assigned();
    bring_records(0, 2);
    writer.receipts.assign(100, sick);
    consumer.bring(Revoked{});
    go();
    EXPECT_THAT(journal, ElementsAre("commit t/0 [0,2) 2 records", "unassign", "close"));
}

TEST_F(RunTest, ARevocationGivesUpABatchThatTheDatabaseDoesNotAnswer)
{
    given_assigned();
    bring_records(0, 2);
    Time begun;
    consumer.then([&] { begun = clock.now(); });
    hang(Milliseconds(60'000));
    consumer.bring(Revoked{});
    consumer.then([&] { EXPECT_LE(clock.now() - begun, options.hand_over_budget + slice + slice); });
    go();
    EXPECT_THAT(journal, ElementsAre("commit t/0 [0,2) 2 records", "unassign", "close"));
}

TEST_F(RunTest, AfterARevocationTheDatabaseIsWaitedForAsBefore)
{
    given_assigned();
    bring_records(0, 1);
    consumer.bring(Revoked{}).bring(Assigned{{{"t", 0}}});
    consumer.then([this] { hang(Milliseconds(60'000)); });
    bring_records(0, 3);
    consumer.until([this] { return seen.count<event::DatabaseUnavailable>() > 0; });
    go();
    EXPECT_EQ(seen.field<event::DatabaseUnavailable>("sqlstate"), sick.sqlstate) << "the budget was the revocation's";
}

TEST_F(RunTest, AfterARebalanceTheDatabaseTellsWhereToReadOn)
{
    given_assigned();
    bring_records(0, 2);
    consumer.bring(Revoked{.lost = true}).bring(Assigned{{{"t", 0}}});
    writer.offsets["t/0"] = 1;
    go();
    EXPECT_THAT(journal, ElementsAre("unassign", "claim t/0 first 0 high 1000000", "assign t/0@1", "close"));
}

TEST_F(RunTest, APartitionWithoutWatermarksDoesNotHoldUpTheOthers)
{
    consumer.marks["t/0"] = std::nullopt;
    consumer.bring(Assigned{{{"t", 0}, {"t", 1}}});
    consumer.then([this] {
        EXPECT_THAT(journal, ElementsAre("assign"));
        clock.pass(Milliseconds(1'000));
    });
    consumer.then([this] {
        EXPECT_EQ(journal.back(), "assign t/1@0");
        consumer.marks.clear();
        clock.pass(Milliseconds(1'000));
    });
    consumer.bring(record("t", 1, 0));
    go();
    EXPECT_THAT(journal, Contains("assign t/0@0 t/1@0"));
}

// ---- fencing -----------------------------------------------------------------------------------------------------

TEST_F(RunTest, AFencedBatchIsDroppedAndTheGroupJoinedAnew)
{
    given_assigned();
    writer.receipts.push_back(Fenced{});
    bring_records(0, 5);
    go();
    EXPECT_THAT(journal, ElementsAre("commit t/0 [0,3) 3 records", "rejoin", "close"));
    EXPECT_EQ(seen.count<event::PartitionFenced>(), 1);
    EXPECT_EQ(seen.field<event::PartitionFenced>("records_dropped"), "3");
}

TEST_F(RunTest, FencedTwiceRejoinsOnce)
{
    given_assigned({{"t", 0}, {"t", 1}});
    writer.receipts.assign(2, Fenced{});
    for (int i = 0; i < 3; ++i) consumer.bring(record("t", 0, i)).bring(record("t", 1, i));
    go();
    EXPECT_EQ(std::count(journal.begin(), journal.end(), "rejoin"), 1);
    EXPECT_EQ(seen.count<event::PartitionFenced>(), 2);
}

TEST_F(RunTest, FencedOnOnePartitionTheOthersAreWrittenBeforeTheyAreGivenUp)
{
    given_assigned({{"t", 0}, {"t", 1}});
    writer.receipts.push_back(Fenced{});
    consumer.bring(record("t", 1, 0));
    bring_records(0, 3);
    consumer.bring(Revoked{});
    go();
    EXPECT_THAT(journal, ElementsAre("commit t/0 [0,3) 3 records", "rejoin", "commit t/1 [0,1) 1 records", "done t/1@1",
                                     "unassign", "close"));
}

TEST_F(RunTest, RejoinsAgainAfterTheNextAssignment)
{
    given_assigned();
    writer.receipts.assign(2, Fenced{});
    bring_records(0, 3);
    consumer.bring(Revoked{}).bring(Assigned{{{"t", 0}}});
    bring_records(0, 3);
    go();
    EXPECT_EQ(std::count(journal.begin(), journal.end(), "rejoin"), 2);
}

} // namespace
} // namespace analytics::ingestor
