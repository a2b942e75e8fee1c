/* The loop against its two sides: what it asks of them, in which order, and what it reports. */
#include "run_fixture.hpp"

#include <gmock/gmock.h>

namespace analytics::ingestor {
namespace {

using testing::Contains;
using testing::ElementsAre;

// ---- the straight way --------------------------------------------------------------------------------------------

TEST_F(RunTest, ClaimsBeforeItReads)
{
    consumer.bring(Assigned{{{"t", 0}, {"t", 1}}});
    writer.offsets["t/1"] = 42;
    EXPECT_EQ(go(), ExitCode::stopped);
    EXPECT_THAT(journal, ElementsAre("claim t/0 first 0 high 1000000", "claim t/1 first 0 high 1000000",
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
    consumer.bring(record("t", 0, 4)).bring(EndOfPartition{{"t", 0}, 6});
    go();
    EXPECT_THAT(journal, ElementsAre("commit t/0 [0,6) 1 records", "done t/0@6", "close"));
}

TEST_F(RunTest, AnEndThatIsNoNewsWritesNothing)
{
    given_assigned();
    consumer.bring(EndOfPartition{{"t", 0}, 0});
    go();
    EXPECT_THAT(journal, ElementsAre("close"));
}

// ---- ready --------------------------------------------------------------------------------------------------------

TEST_F(RunTest, ItIsReadyWhenAllItsPartitionsAreClaimed)
{
    consumer.marks["t/0"] = std::nullopt;
    consumer.bring(Assigned{{{"t", 0}, {"t", 1}}});
    consumer.then([this] {
        EXPECT_EQ(seen.count<event::PartitionsReady>(), 0);
        consumer.marks.clear();
        clock.pass(Milliseconds(1'000));
    });
    for (int i = 0; i < 20; ++i) consumer.bring(Nothing{});
    go();
    EXPECT_EQ(seen.count<event::PartitionsReady>(), 1);
    EXPECT_EQ(seen.field<event::PartitionsReady>("partitions"), "2");
}

TEST_F(RunTest, ItIsReadyWithoutPartitionsWhenThereAreMoreMembers)
{
    consumer.bring(Assigned{});
    go();
    EXPECT_EQ(seen.count<event::PartitionsReady>(), 1);
}

TEST_F(RunTest, StoppedPartitionsAreCountedApart)
{
    consumer.marks["t/0"] = Watermarks{100, 200};
    writer.offsets["t/0"] = 99;
    consumer.bring(Assigned{{{"t", 0}, {"t", 1}}});
    go();
    EXPECT_EQ(seen.field<event::PartitionsReady>("partitions"), "1");
    EXPECT_EQ(seen.field<event::PartitionsReady>("stopped"), "1");
}

// ---- what is reported --------------------------------------------------------------------------------------------

TEST_F(RunTest, RefusalsAreToldOnceABatchAsJson)
{
    given_assigned();
    writer.receipts.push_back(
        Committed{.stored = 1, .dead_lettered = 2, .refusals = R"([{"reason": "invalid_json"}])"});
    bring_records(0, 3);
    go();
    EXPECT_EQ(seen.count<event::RecordsRefused>(), 1);
    EXPECT_EQ(seen.field<event::RecordsRefused>("refusals"), R"(json [{"reason": "invalid_json"}])");
    EXPECT_EQ(seen.field<event::BatchCommitted>("dead_lettered"), "2");
}

TEST_F(RunTest, WithoutRefusalsNothingIsReportedOfThem)
{
    given_assigned();
    bring_records(0, 3);
    go();
    EXPECT_EQ(seen.count<event::RecordsRefused>(), 0);
    EXPECT_EQ(seen.count<event::BatchCommitted>(), 1);
}

TEST_F(RunTest, ACommitWhoseAnswerWasLostIsACommit)
{
    given_assigned();
    writer.receipts.push_back(sick);
    writer.receipts.push_back(Committed{.refusals = {}, .counts_known = false});
    bring_records(0, 3);
    go();
    EXPECT_EQ(journal.at(2), "done t/0@3");
    EXPECT_EQ(seen.field<event::BatchCommitted>("counts_known"), "false");
}

} // namespace
} // namespace analytics::ingestor
