/* The loop and what can't go on: a partition whose records Kafka does not have, a consumer that has failed. */
#include "run_fixture.hpp"

#include <gmock/gmock.h>

namespace analytics::ingestor {
namespace {

using testing::Contains;
using testing::ElementsAre;

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
    EXPECT_EQ(seen.count<event::PartitionStopped>(), GetParam().runs ? 0 : 1);
}

INSTANTIATE_TEST_SUITE_P(Bounds, StoredOffsetTest,
                         testing::Values(Stored{99, false}, Stored{100, true}, Stored{200, true}, Stored{201, false}),
                         [](const auto &info) { return "At" + std::to_string(info.param.next_offset); });

TEST_F(RunTest, APartitionWhoseLastOwnerWentOnMeanwhileIsNotStopped)
{
    consumer.marks["t/0"] = Watermarks{100, 200};
    writer.offsets["t/0"] = 250;
    writer.while_claiming = [this] { consumer.marks["t/0"] = Watermarks{100, 300}; };
    consumer.bring(Assigned{{{"t", 0}}});
    go();
    EXPECT_THAT(journal, Contains("assign t/0@250"));
    EXPECT_EQ(seen.count<event::PartitionStopped>(), 0);
    EXPECT_EQ(seen.field<event::PartitionClaimed>("high_watermark"), "300");
}

TEST_F(RunTest, APartitionThatLooksStoppedIsClaimedLaterWhenTheBrokersDoNotSayMore)
{
    consumer.marks["t/0"] = Watermarks{100, 200};
    writer.offsets["t/0"] = 250;
    writer.while_claiming = [this] { consumer.marks["t/0"] = std::nullopt; };
    consumer.bring(Assigned{{{"t", 0}}});
    consumer.then([this] {
        EXPECT_EQ(seen.count<event::PartitionStopped>(), 0);
        writer.while_claiming = nullptr;
        consumer.marks.clear();
        clock.pass(Milliseconds(1'000));
    });
    for (int i = 0; i < 20; ++i) consumer.bring(Nothing{});
    go();
    EXPECT_THAT(journal, Contains("assign t/0@250"));
}

TEST_F(RunTest, AStoppedPartitionIsReportedWithItsOffsets)
{
    consumer.marks["t/0"] = Watermarks{100, 200};
    writer.offsets["t/0"] = 99;
    consumer.bring(Assigned{{{"t", 0}}});
    go();
    EXPECT_EQ(seen.field<event::PartitionStopped>("offset"), "99");
    EXPECT_EQ(seen.field<event::PartitionStopped>("low_watermark"), "100");
    EXPECT_EQ(seen.field<event::PartitionStopped>("high_watermark"), "200");
}

TEST_F(RunTest, ABrokenBatchStopsThePartitionOnceAndOneCommandPassesIt)
{
    given_assigned();
    bring_records(0, 2);
    consumer.readable = 102;
    consumer.bring(UnreadablePartition{{"t", 0}, 2, "bad CRC"});
    go();
    EXPECT_THAT(journal, Contains("probe t/0 from 2 error 2 end 1000000"));
    EXPECT_EQ(seen.field<event::PartitionStopped>("command"), "SELECT * FROM analytics_accept_gap('', 't', 0, 2, 102)");
}

TEST_F(RunTest, ABrokenPartitionStopsAfterItsGoodRecordsAndOthersGoOn)
{
    given_assigned({{"t", 0}, {"t", 1}});
    bring_records(0, 2);
    consumer.bring(UnreadablePartition{{"t", 0}, 2, "bad CRC"});
    bring_records(3, 9);
    for (int i = 0; i < 3; ++i) consumer.bring(record("t", 1, i));
    go();
    EXPECT_THAT(journal, ElementsAre("stop t/0", "probe t/0 from 2 error 2 end 1000000", "commit t/1 [0,3) 3 records",
                                     "done t/1@3", "commit t/0 [0,2) 2 records", "done t/0@2", "close"));
    EXPECT_EQ(seen.count<event::PartitionStopped>(), 1);
}

TEST_F(RunTest, ThePartitionThatStopsIsReportedWithTheCommandThatAcceptsIt)
{
    options.group = "o'group";
    consumer.marks["t/0"] = Watermarks{100, 200};
    writer.offsets["t/0"] = 99;
    consumer.bring(Assigned{{{"t", 0}}});
    go();
    EXPECT_EQ(seen.field<event::PartitionStopped>("command"),
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
        EXPECT_THAT(journal, ElementsAre("check gap t/0 since 1"));
        writer.accepted.insert("t/0");
        writer.offsets["t/0"] = 150;
        journal.clear();
        clock.pass(Milliseconds(2'000));
    });
    consumer.bring(Nothing{}).bring(Nothing{});
    for (std::int64_t offset = 150; offset < 153; ++offset) consumer.bring(record("t", 0, offset));
    go();
    EXPECT_THAT(journal, ElementsAre("check gap t/0 since 1", "claim t/0 first 100 high 200", "assign t/0@150 t/1@0",
                                     "commit t/0 [150,153) 3 records", "done t/0@153", "close"));
    EXPECT_EQ(seen.count<event::GapAccepted>(), 1);
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
    writer.gap_failures.push_back(sick);
    consumer.bring(Assigned{{{"t", 0}}});
    consumer.then([this] { clock.pass(Milliseconds(2'000)); });
    for (int i = 0; i < 60; ++i) consumer.bring(Nothing{});
    EXPECT_EQ(go(), ExitCode::stopped);
    EXPECT_EQ(seen.count<event::DatabaseUnavailable>(), 1);
    EXPECT_EQ(seen.count<event::DatabaseRecovered>(), 1);
}

TEST_F(RunTest, AConsumerFaultEndsTheRun)
{
    given_assigned();
    consumer.bring(FatalError{"fenced by static membership"});
    EXPECT_EQ(go(), ExitCode::fault);
    EXPECT_THAT(journal, ElementsAre("close"));
    EXPECT_EQ(seen.count<event::Fault>(), 1);
}

} // namespace
} // namespace analytics::ingestor
