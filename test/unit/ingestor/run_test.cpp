/* The loop against its two sides: what it asks of them, and in which order. */
#include "../../../ingestor/run.hpp"
#include "fakes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace analytics::ingestor {
namespace {

using namespace fakes;
using runtime::Event;
using runtime::ExitCode;
using testing::Contains;
using testing::ElementsAre;
using testing::Not;
using testing::StartsWith;

class RunTest : public testing::Test {
protected:
    ExitCode go() { return run(consumer, writer, clock, stop.get_token(), seen, options); }

    /* A group member that holds t/0, after which the journal starts anew. */
    void given_assigned(std::vector<Partition> partitions = {{"t", 0}})
    {
        consumer.bring(Assigned{std::move(partitions)});
        consumer.then([this] { journal.clear(); });
    }
    void bring_records(std::int64_t from, std::int64_t to)
    {
        for (std::int64_t offset = from; offset < to; ++offset) consumer.bring(record("t", 0, offset));
    }

    /* A database that does not answer: asks whether to wait until it is told no, or the writer's own deadline. */
    std::function<Receipt(const Patience &)> hanging(
        Milliseconds deadline, std::function<void()> meanwhile = [] {})
    {
        return [this, deadline, meanwhile](const Patience &may_wait) -> Receipt {
            meanwhile();
            for (const Time until = clock.now() + deadline; clock.now() < until && may_wait();) clock.pass(slice);
            return sick;
        };
    }

    static constexpr Milliseconds slice{250};

    Journal journal;
    FakeClock clock;
    std::stop_source stop;
    FakeConsumer consumer{journal, clock, stop};
    FakeWriter writer{journal};
    Recorder seen;
    RunOptions options{.limits = {.records = 3, .bytes = 1'000, .age = Milliseconds(200)}};
};

// ---- the straight way --------------------------------------------------------------------------------------------

TEST_F(RunTest, ClaimsBeforeItReads)
{
    consumer.bring(Assigned{{{"t", 0}, {"t", 1}}});
    writer.offsets["t/1"] = 42;
    EXPECT_EQ(go(), ExitCode::stopped);
    EXPECT_THAT(journal, ElementsAre("take t/0 first 0 high 1000000", "take t/1 first 0 high 1000000",
                                     "assign t/0@0 t/1@42", "close"));
}

TEST_F(RunTest, StartsAtTheLowWatermarkWhenEarliest)
{
    consumer.marks["t/0"] = Watermarks{100, 200};
    consumer.bring(Assigned{{{"t", 0}}});
    EXPECT_EQ(go(), ExitCode::stopped);
    EXPECT_THAT(journal, Contains("assign t/0@100"));
}

TEST_F(RunTest, StartsAtTheHighWatermarkWhenLatest)
{
    options.first_start = FirstStart::latest;
    consumer.marks["t/0"] = Watermarks{100, 200};
    consumer.bring(Assigned{{{"t", 0}}});
    EXPECT_EQ(go(), ExitCode::stopped);
    EXPECT_THAT(journal, Contains("assign t/0@200"));
}

TEST_F(RunTest, PollsThenWritesThenAcknowledges)
{
    given_assigned();
    bring_records(0, 3);
    EXPECT_EQ(go(), ExitCode::stopped);
    EXPECT_THAT(journal, ElementsAre("commit t/0 [0,3) 3 records", "done t/0@3", "close"));
}

TEST_F(RunTest, AnAgedBatchIsWrittenThoughNotFull)
{
    given_assigned();
    bring_records(0, 1);
    consumer.bring(Nothing{}).bring(Nothing{}).bring(Nothing{});
    consumer.then([this] { journal.push_back("still polling"); });
    EXPECT_EQ(go(), ExitCode::stopped);
    EXPECT_THAT(journal, ElementsAre("commit t/0 [0,1) 1 records", "done t/0@1", "still polling", "close"));
}

TEST_F(RunTest, SendsTheHighWatermarkOfTheLastFetch)
{
    given_assigned();
    bring_records(0, 3);
    go();
    EXPECT_EQ(writer.last_high, 77);
}

TEST_F(RunTest, GapsInOffsetsAreNormal)
{
    given_assigned();
    for (const std::int64_t offset : {5, 9, 100}) consumer.bring(record("t", 0, offset));
    go();
    EXPECT_THAT(journal, ElementsAre("commit t/0 [0,101) 3 records", "done t/0@101", "close"));
}

TEST_F(RunTest, TheNextBatchExpectsWhereTheLastOneEnded)
{
    given_assigned();
    bring_records(0, 6);
    go();
    EXPECT_THAT(journal, ElementsAre("commit t/0 [0,3) 3 records", "done t/0@3", "commit t/0 [3,6) 3 records",
                                     "done t/0@6", "close"));
}

TEST_F(RunTest, RewoundRecordsAreNotStoredAgain)
{
    given_assigned();
    bring_records(0, 2);
    bring_records(0, 3);
    go();
    EXPECT_THAT(journal, ElementsAre("commit t/0 [0,3) 3 records", "done t/0@3", "close"));
}

TEST_F(RunTest, RecordsOfPartitionsThatAreNotHeldAreIgnored)
{
    given_assigned();
    for (int i = 0; i < 5; ++i) consumer.bring(record("u", 0, i)).bring(record("t", 7, i));
    go();
    EXPECT_THAT(journal, ElementsAre("close"));
}

TEST_F(RunTest, PartitionsAreBatchedApart)
{
    given_assigned({{"t", 0}, {"t", 1}});
    for (int i = 0; i < 3; ++i) consumer.bring(record("t", 0, i)).bring(record("t", 1, i));
    go();
    EXPECT_THAT(journal, ElementsAre("commit t/0 [0,3) 3 records", "done t/0@3", "commit t/1 [0,3) 3 records",
                                     "done t/1@3", "close"));
}

TEST_F(RunTest, TheEndMovesTheOffsetPastMarkersWithoutRecords)
{
    given_assigned();
    consumer.bring(record("t", 0, 4)).bring(End{{"t", 0}, 6});
    go();
    EXPECT_THAT(journal, ElementsAre("commit t/0 [0,6) 1 records", "done t/0@6", "close"));
}

TEST_F(RunTest, AnEndThatIsNoNewsWritesNothing)
{
    given_assigned();
    consumer.bring(End{{"t", 0}, 0});
    go();
    EXPECT_THAT(journal, ElementsAre("close"));
}

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
    writer.hang = hanging(Milliseconds(60'000), [this] { stop.request_stop(); });
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
    writer.hang = [this](const Patience &may_wait) -> Receipt {
        for (Time until = clock.now() + Milliseconds(3'000); clock.now() < until; clock.pass(slice))
            if (!may_wait()) return sick;
        return Committed{.stored = 1, .refusals = {}};
    };
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
    EXPECT_EQ(seen.field(Event::partitions_revoked, "records_dropped"), "2");
    EXPECT_EQ(seen.field(Event::partitions_revoked, "lost"), "true");
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
    writer.hang = hanging(Milliseconds(60'000));
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
    consumer.then([this] { writer.hang = hanging(Milliseconds(60'000)); });
    bring_records(0, 3);
    Time begun;
    consumer.then([&] { begun = clock.now(); });
    go();
    EXPECT_EQ(seen.counts[Event::database_unavailable], 1);
    EXPECT_GE(begun - Time{}, Milliseconds(60'000)) << "the budget was the revocation's";
}

TEST_F(RunTest, AfterARebalanceTheDatabaseTellsWhereToReadOn)
{
    given_assigned();
    bring_records(0, 2);
    consumer.bring(Revoked{.lost = true}).bring(Assigned{{{"t", 0}}});
    writer.offsets["t/0"] = 1;
    go();
    EXPECT_THAT(journal, ElementsAre("unassign", "take t/0 first 0 high 1000000", "assign t/0@1", "close"));
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
    EXPECT_EQ(seen.counts[Event::partition_fenced], 1);
    EXPECT_EQ(seen.field(Event::partition_fenced, "records_dropped"), "3");
}

TEST_F(RunTest, FencedTwiceRejoinsOnce)
{
    given_assigned({{"t", 0}, {"t", 1}});
    writer.receipts.assign(2, Fenced{});
    for (int i = 0; i < 3; ++i) consumer.bring(record("t", 0, i)).bring(record("t", 1, i));
    go();
    EXPECT_EQ(std::count(journal.begin(), journal.end(), "rejoin"), 1);
    EXPECT_EQ(seen.counts[Event::partition_fenced], 2);
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

TEST_F(RunTest, ATryThatTookLongToFailHoldsKafkaAtOnce)
{
    given_assigned();
    writer.hang = hanging(Milliseconds(60'000));
    bring_records(0, 3);
    consumer.then([this] { EXPECT_EQ(journal.back(), "pause") << "the group does not wait for ever"; });
    go();
}

TEST_F(RunTest, ItIsAliveWhileItWaitsForTheDatabase)
{
    given_assigned();
    bring_records(0, 2);
    consumer.then([this] { seen.beats = 0; });
    writer.hang = hanging(Milliseconds(60'000));
    consumer.bring(record("t", 0, 2));
    consumer.then([this] { EXPECT_GE(seen.beats, 60); });
    go();
}

TEST_F(RunTest, OnlyChangesOfStateAreTold)
{
    given_assigned();
    writer.receipts.assign(8, sick);
    bring_records(0, 3);
    for (int i = 0; i < 300; ++i) consumer.bring(Nothing{});
    go();
    EXPECT_EQ(seen.counts[Event::database_unavailable], 1);
    EXPECT_EQ(seen.counts[Event::database_recovered], 1);
    EXPECT_EQ(seen.counts[Event::consumption_paused], 1);
    EXPECT_EQ(seen.counts[Event::consumption_resumed], 1);
    EXPECT_EQ(seen.field(Event::database_unavailable, "sqlstate"), "57P01");
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
    writer.take_failures.assign(3, sick);
    consumer.bring(Assigned{{{"t", 0}}});
    consumer.then([this] { EXPECT_EQ(journal.back(), "assign") << "the group must not wait for our database"; });
    for (int i = 0; i < 100; ++i) consumer.bring(Nothing{});
    EXPECT_EQ(go(), ExitCode::stopped);
    EXPECT_THAT(journal, Contains("assign t/0@0"));
    EXPECT_EQ(seen.counts[Event::database_unavailable], 1);
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
    EXPECT_EQ(seen.field(Event::partitions_revoked, "records_dropped"), "3");
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
    EXPECT_EQ(seen.counts[Event::database_recovered], 1);
}

TEST_F(RunTest, ARefusalThatWontMendIsAFault)
{
    given_assigned();
    writer.receipts.push_back(refused);
    bring_records(0, 5);
    EXPECT_EQ(go(), ExitCode::fault);
    EXPECT_THAT(journal, ElementsAre("commit t/0 [0,3) 3 records", "close"));
    EXPECT_EQ(seen.field(Event::database_refused, "sqlstate"), "42501");
}

TEST_F(RunTest, ARefusedClaimIsAFault)
{
    writer.take_failures.push_back(refused);
    consumer.bring(Assigned{{{"t", 0}}});
    EXPECT_EQ(go(), ExitCode::fault);
    EXPECT_EQ(journal.back(), "close");
}

// ---- partitions and consumers that can't go on --------------------------------------------------------------------

struct Stored {
    std::int64_t next_offset;
    bool runs;
};
class StoredOffsetTest : public RunTest, public testing::WithParamInterface<Stored> {};

TEST_P(StoredOffsetTest, MustLieBetweenTheWatermarks)
{
    consumer.marks["t/0"] = Watermarks{100, 200};
    writer.offsets["t/0"] = GetParam().next_offset;
    consumer.bring(Assigned{{{"t", 0}, {"t", 1}}});
    EXPECT_EQ(go(), ExitCode::stopped);
    const std::string own = " t/0@" + std::to_string(GetParam().next_offset);
    EXPECT_THAT(journal, Contains("assign" + (GetParam().runs ? own : "") + " t/1@0"));
    EXPECT_EQ(seen.counts[Event::partition_stopped], GetParam().runs ? 0 : 1);
}

INSTANTIATE_TEST_SUITE_P(Bounds, StoredOffsetTest,
                         testing::Values(Stored{99, false}, Stored{100, true}, Stored{200, true}, Stored{201, false}),
                         [](const auto &info) { return "At" + std::to_string(info.param.next_offset); });

TEST_F(RunTest, APartitionWhoseLastOwnerWentOnMeanwhileIsNotStopped)
{
    consumer.marks["t/0"] = Watermarks{100, 200};
    writer.offsets["t/0"] = 250;
    writer.while_taking = [this] { consumer.marks["t/0"] = Watermarks{100, 300}; };
    consumer.bring(Assigned{{{"t", 0}}});
    go();
    EXPECT_THAT(journal, Contains("assign t/0@250"));
    EXPECT_EQ(seen.counts[Event::partition_stopped], 0);
    EXPECT_EQ(seen.field(Event::partition_taken, "high_watermark"), "300");
}

TEST_F(RunTest, APartitionThatLooksStoppedIsClaimedLaterWhenTheBrokersDoNotSayMore)
{
    consumer.marks["t/0"] = Watermarks{100, 200};
    writer.offsets["t/0"] = 250;
    writer.while_taking = [this] { consumer.marks["t/0"] = std::nullopt; };
    consumer.bring(Assigned{{{"t", 0}}});
    consumer.then([this] {
        EXPECT_EQ(seen.counts[Event::partition_stopped], 0);
        writer.while_taking = nullptr;
        consumer.marks.clear();
        clock.pass(Milliseconds(1'000));
    });
    for (int i = 0; i < 20; ++i) consumer.bring(Nothing{});
    go();
    EXPECT_THAT(journal, Contains("assign t/0@250"));
}

TEST_F(RunTest, AStoppedPartitionIsToldWithItsOffsets)
{
    consumer.marks["t/0"] = Watermarks{100, 200};
    writer.offsets["t/0"] = 99;
    consumer.bring(Assigned{{{"t", 0}}});
    go();
    EXPECT_EQ(seen.field(Event::partition_stopped, "offset"), "99");
    EXPECT_EQ(seen.field(Event::partition_stopped, "low_watermark"), "100");
    EXPECT_EQ(seen.field(Event::partition_stopped, "high_watermark"), "200");
}

TEST_F(RunTest, ABrokenPartitionStopsAfterItsGoodRecordsAndOthersGoOn)
{
    given_assigned({{"t", 0}, {"t", 1}});
    bring_records(0, 2);
    consumer.bring(Broken{{"t", 0}, 2, "bad CRC"});
    bring_records(3, 9);
    for (int i = 0; i < 3; ++i) consumer.bring(record("t", 1, i));
    go();
    EXPECT_THAT(journal, ElementsAre("stop t/0", "commit t/1 [0,3) 3 records", "done t/1@3",
                                     "commit t/0 [0,2) 2 records", "done t/0@2", "close"));
    EXPECT_EQ(seen.counts[Event::partition_stopped], 1);
}

TEST_F(RunTest, ThePartitionThatStopsIsToldWithTheCommandThatAcceptsIt)
{
    options.group = "o'group";
    consumer.marks["t/0"] = Watermarks{100, 200};
    writer.offsets["t/0"] = 99;
    consumer.bring(Assigned{{{"t", 0}}});
    go();
    EXPECT_EQ(seen.field(Event::partition_stopped, "command"),
              "SELECT * FROM analytics_accept_gap('o''group', 't', 0, 99, 100)");
}

TEST_F(RunTest, AStoppedPartitionIsReadFromWhereTheOperatorSays)
{
    consumer.marks["t/0"] = Watermarks{100, 200};
    writer.offsets["t/0"] = 99;
    consumer.bring(Assigned{{{"t", 0}, {"t", 1}}});
    consumer.then([this] {
        journal.clear();
        clock.pass(Milliseconds(2'000));
    });
    consumer.then([this] {
        EXPECT_THAT(journal, ElementsAre("watch t/0 since 1"));
        writer.accepted.insert("t/0");
        writer.offsets["t/0"] = 150;
        journal.clear();
        clock.pass(Milliseconds(2'000));
    });
    consumer.bring(Nothing{}).bring(Nothing{});
    for (std::int64_t offset = 150; offset < 153; ++offset) consumer.bring(record("t", 0, offset));
    go();
    EXPECT_THAT(journal, ElementsAre("watch t/0 since 1", "take t/0 first 100 high 200", "assign t/0@150 t/1@0",
                                     "commit t/0 [150,153) 3 records", "done t/0@153", "close"));
    EXPECT_EQ(seen.counts[Event::gap_accepted], 1);
}

TEST_F(RunTest, NobodyIsAskedWhileNoPartitionIsStopped)
{
    given_assigned();
    consumer.then([this] { clock.pass(Milliseconds(10'000)); });
    consumer.bring(Nothing{});
    go();
    EXPECT_THAT(journal, ElementsAre("close"));
}

TEST_F(RunTest, ASickDatabaseIsWaitedForAlsoWhenAStoppedPartitionIsLookedAt)
{
    consumer.marks["t/0"] = Watermarks{100, 200};
    writer.offsets["t/0"] = 99;
    writer.watch_failures.push_back(sick);
    consumer.bring(Assigned{{{"t", 0}}});
    consumer.then([this] { clock.pass(Milliseconds(2'000)); });
    for (int i = 0; i < 60; ++i) consumer.bring(Nothing{});
    EXPECT_EQ(go(), ExitCode::stopped);
    EXPECT_EQ(seen.counts[Event::database_unavailable], 1);
    EXPECT_EQ(seen.counts[Event::database_recovered], 1);
}

TEST_F(RunTest, AConsumerFaultEndsTheRun)
{
    given_assigned();
    consumer.bring(Fault{"fenced by static membership"});
    EXPECT_EQ(go(), ExitCode::fault);
    EXPECT_THAT(journal, ElementsAre("close"));
    EXPECT_EQ(seen.counts[Event::fault], 1);
}

// ---- ready --------------------------------------------------------------------------------------------------------

TEST_F(RunTest, ItIsReadyWhenAllItsPartitionsAreClaimed)
{
    consumer.marks["t/0"] = std::nullopt;
    consumer.bring(Assigned{{{"t", 0}, {"t", 1}}});
    consumer.then([this] {
        EXPECT_EQ(seen.counts[Event::partitions_ready], 0);
        consumer.marks.clear();
        clock.pass(Milliseconds(1'000));
    });
    for (int i = 0; i < 20; ++i) consumer.bring(Nothing{});
    go();
    EXPECT_EQ(seen.counts[Event::partitions_ready], 1);
    EXPECT_EQ(seen.field(Event::partitions_ready, "partitions"), "2");
}

TEST_F(RunTest, ItIsReadyWithoutPartitionsWhenThereAreMoreMembers)
{
    consumer.bring(Assigned{});
    go();
    EXPECT_EQ(seen.counts[Event::partitions_ready], 1);
}

TEST_F(RunTest, StoppedPartitionsAreToldApart)
{
    consumer.marks["t/0"] = Watermarks{100, 200};
    writer.offsets["t/0"] = 99;
    consumer.bring(Assigned{{{"t", 0}, {"t", 1}}});
    go();
    EXPECT_EQ(seen.field(Event::partitions_ready, "partitions"), "1");
    EXPECT_EQ(seen.field(Event::partitions_ready, "stopped"), "1");
}

// ---- what is told -------------------------------------------------------------------------------------------------

TEST_F(RunTest, RefusalsAreToldOnceABatchAsJson)
{
    given_assigned();
    writer.receipts.push_back(
        Committed{.stored = 1, .dead_lettered = 2, .refusals = R"([{"reason": "invalid_json"}])"});
    bring_records(0, 3);
    go();
    EXPECT_EQ(seen.counts[Event::records_refused], 1);
    EXPECT_EQ(seen.field(Event::records_refused, "refusals"), R"(json [{"reason": "invalid_json"}])");
    EXPECT_EQ(seen.field(Event::batch_committed, "dead_lettered"), "2");
}

TEST_F(RunTest, WithoutRefusalsNothingIsToldOfThem)
{
    given_assigned();
    bring_records(0, 3);
    go();
    EXPECT_EQ(seen.counts[Event::records_refused], 0);
    EXPECT_EQ(seen.counts[Event::batch_committed], 1);
}

TEST_F(RunTest, ACommitWhoseAnswerWasLostIsACommit)
{
    given_assigned();
    writer.receipts.push_back(sick);
    writer.receipts.push_back(Committed{.refusals = {}, .counts_known = false});
    bring_records(0, 3);
    go();
    EXPECT_EQ(journal.at(2), "done t/0@3");
    EXPECT_EQ(seen.field(Event::batch_committed, "counts_known"), "false");
}

} // namespace
} // namespace analytics::ingestor
