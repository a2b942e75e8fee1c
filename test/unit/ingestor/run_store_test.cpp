/* The loop and what it shares with others: a group that belongs to another store, one that makes it wait, a database
 * that has gone back. */
#include "../../../ingestor/group_store.hpp"
#include "run_fixture.hpp"

#include <gmock/gmock.h>

namespace analytics::ingestor {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// ---- whose the group is -------------------------------------------------------------------------------------------

const std::string others_mark = mark_of({"id-2", "system-1", "6", "other"});

class GroupStoreTest : public RunTest {
protected:
    std::string mark() const { return mark_of(writer.ours); }
    void begin() { consumer.bring(Assigned{{{"t", 0}, {"t", 1}}}); }
};

TEST_F(GroupStoreTest, ANewGroupIsMarkedBeforeAnythingIsRead)
{
    begin();
    consumer.when_committed = [this] { EXPECT_THAT(journal, Not(Contains(HasSubstr("assign")))); };
    EXPECT_EQ(go(), ExitCode::stopped);
    ASSERT_EQ(consumer.group.size(), 2U);
    for (const GroupOffset &offset : consumer.group) EXPECT_EQ(offset.metadata, mark());
    EXPECT_EQ(consumer.signature, mark());
}

TEST_F(GroupStoreTest, AnothersGroupIsRefusedAndNothingIsClaimed)
{
    consumer.group = {{{"t", 0}, 7, others_mark}};
    begin();
    EXPECT_EQ(go(), ExitCode::settings);
    EXPECT_THAT(journal, ElementsAre("close"));
    EXPECT_THAT(seen.field<event::GroupOfAnotherStore>("store"), HasSubstr("\"app\""));
    EXPECT_THAT(seen.field<event::GroupOfAnotherStore>("other_store"), HasSubstr("\"other\""));
    EXPECT_THAT(seen.field<event::GroupOfAnotherStore>("hint"), HasSubstr("--adopt-group"));
    EXPECT_EQ(consumer.group.front().metadata, others_mark);
}

TEST_F(GroupStoreTest, AMarkOfAnyPartitionDecides)
{
    consumer.group = {{{"elsewhere", 5}, 7, others_mark}};
    begin();
    EXPECT_EQ(go(), ExitCode::settings);
}

TEST_F(GroupStoreTest, WhatIsNoMarkIsNobodys)
{
    consumer.group = {{{"t", 0}, 7, ""}, {{"t", 1}, 7, "host:pid"}, {{"t", 2}, 7, "analytics_events/1 cut"}};
    begin();
    EXPECT_EQ(go(), ExitCode::stopped);
    EXPECT_EQ(consumer.group.front().metadata, mark());
}

TEST_F(GroupStoreTest, ADatabaseThatWasRenamedIsTheSame)
{
    consumer.group = {{{"t", 0}, 7, mark_of({"id-1", "system-1", "5", "as it was called"})}};
    begin();
    EXPECT_EQ(go(), ExitCode::stopped);
}

struct Difference {
    const char *name;
    Store store;
};
class OtherStoreTest : public GroupStoreTest, public testing::WithParamInterface<Difference> {};
TEST_P(OtherStoreTest, IsAnother)
{
    consumer.group = {{{"t", 0}, 7, mark_of(GetParam().store)}};
    begin();
    EXPECT_EQ(go(), ExitCode::settings);
}
INSTANTIATE_TEST_SUITE_P(Differences, OtherStoreTest,
                         testing::Values(Difference{"Tables", {"id-2", "system-1", "5", "app"}},
                                         Difference{"System", {"id-1", "system-2", "5", "app"}},
                                         Difference{"Database", {"id-1", "system-1", "6", "app"}}),
                         [](const auto &info) { return info.param.name; });

TEST_F(GroupStoreTest, AdoptedItIsOursAndTheOtherFindsThatOut)
{
    consumer.group = {{{"t", 0}, 7, others_mark}, {{"elsewhere", 5}, 9, others_mark}};
    options.adopts_group = true;
    begin();
    EXPECT_EQ(go(), ExitCode::stopped);
    EXPECT_EQ(seen.count<event::GroupAdopted>(), 1);
    for (const GroupOffset &offset : consumer.group) EXPECT_EQ(offset.metadata, mark());
    EXPECT_EQ(consumer.group[1].offset, 9) << "as far as it was";
}

TEST_F(GroupStoreTest, ItIsAdoptedOnce)
{
    consumer.group = {{{"t", 0}, 7, others_mark}};
    options.adopts_group = true;
    begin();
    consumer.then([this] { consumer.group.front().metadata = others_mark; });
    begin();
    EXPECT_EQ(go(), ExitCode::settings);
}

TEST_F(GroupStoreTest, OfTwoThatBeginAtOnceOneGivesUp)
{
    begin();
    consumer.when_committed = [this] { consumer.group.push_back({{"a", 0}, 0, others_mark}); };
    EXPECT_EQ(go(), ExitCode::settings);
    EXPECT_THAT(journal, Not(Contains(HasSubstr("assign t"))));
}

TEST_F(GroupStoreTest, AndTheOtherGoesOn)
{
    begin();
    consumer.when_committed = [this] { consumer.group.push_back({{"u", 0}, 0, others_mark}); };
    EXPECT_EQ(go(), ExitCode::stopped);
    EXPECT_THAT(journal, Contains("assign t/0@0 t/1@0"));
}

TEST_F(GroupStoreTest, OneThatReadBeforeTheOtherWroteReadsAgainByARebalance)
{
    begin();
    consumer.when_committed = [this] { consumer.group.push_back({{"u", 0}, 0, others_mark}); };
    go();
    EXPECT_THAT(journal, Contains("rejoin"));
}

TEST_F(GroupStoreTest, WithoutAnotherStoreNobodyRejoins)
{
    begin();
    go();
    EXPECT_THAT(journal, Not(Contains("rejoin")));
}

TEST_F(GroupStoreTest, ABrokerThatDoesNotAnswerIsAskedAgain)
{
    consumer.group = {{{"t", 0}, 7, others_mark}};
    consumer.group_silence = 2;
    begin();
    for (int i = 0; i < 60; ++i) consumer.bring(Nothing{});
    EXPECT_EQ(go(), ExitCode::settings);
    EXPECT_EQ(journal.front(), "assign") << "the group is not to wait for that";
}

TEST_F(GroupStoreTest, ADatabaseThatDoesNotAnswerIsAskedAgain)
{
    writer.store_failures.assign(3, sick);
    begin();
    for (int i = 0; i < 60; ++i) consumer.bring(Nothing{});
    EXPECT_EQ(go(), ExitCode::stopped);
    EXPECT_THAT(journal, Contains("assign t/0@0 t/1@0"));
}

TEST_F(GroupStoreTest, WhatIsMarkedIsNotMarkedAgain)
{
    consumer.group = {{{"t", 0}, 7, mark()}, {{"t", 1}, 7, mark()}};
    consumer.when_committed = [] { ADD_FAILURE(); };
    begin();
    go();
    EXPECT_EQ(consumer.group_looks, 1);
}

// ---- a group that makes us wait ------------------------------------------------------------------------------------

TEST_F(RunTest, TheMembersThatTheGroupWaitsForAreReportedOnce)
{
    consumer.members = OtherMembers{"PreparingRebalance", {"m-1 at /10.0.0.1"}, Milliseconds(45'000)};
    for (int i = 0; i < 49; ++i) consumer.bring(Nothing{});
    consumer.then([this] { EXPECT_EQ(seen.count<event::GroupWaiting>(), 0) << "not before 5 s"; });
    for (int i = 0; i < 200; ++i) consumer.bring(Nothing{});
    go();
    EXPECT_EQ(seen.count<event::GroupWaiting>(), 1);
    EXPECT_EQ(seen.field<event::GroupWaiting>("session_timeout_ms"), "45000");
    EXPECT_THAT(seen.field<event::GroupWaiting>("message"), HasSubstr("m-1 at /10.0.0.1"));
}

TEST_F(RunTest, WhoHasPartitionsOrIsAloneWaitsForNobody)
{
    consumer.members = OtherMembers{"PreparingRebalance", {}, Milliseconds(45'000)};
    for (int i = 0; i < 100; ++i) consumer.bring(Nothing{});
    consumer.bring(Assigned{{{"t", 0}}});
    consumer.then([this] { consumer.members->members = {"m-1 at /10.0.0.1"}; });
    for (int i = 0; i < 100; ++i) consumer.bring(Nothing{});
    consumer.bring(Revoked{});
    consumer.bring(Assigned{}); // one more than there are partitions
    for (int i = 0; i < 100; ++i) consumer.bring(Nothing{});
    go();
    EXPECT_EQ(seen.count<event::GroupWaiting>(), 0);
}

// ---- a database that has gone back ----------------------------------------------------------------------------------

TEST_F(RunTest, WhatTheDatabaseHasLostIsReadAgain)
{
    given_assigned({{"t", 0}, {"t", 1}});
    consumer.then([this] {
        writer.lost.insert("t/1");
        writer.offsets["t/1"] = 5;
    });
    for (int i = 0; i < 100; ++i) consumer.bring(Nothing{});
    go();
    EXPECT_THAT(journal, ElementsAre("claim t/1 first 0 high 1000000", "assign t/0@0 t/1@5", "close"));
    EXPECT_EQ(seen.field<event::PartitionRewound>("partition"), "1");
}

TEST_F(RunTest, AfterASicknessItIsLookedForAtOnce)
{
    given_assigned();
    writer.receipts = {sick};
    consumer.then([this] { looks_before = writer.verifications; });
    bring_records(0, 3);
    consumer.until([this] { return seen.count<event::DatabaseRecovered>() > 0; });
    consumer.then([this] { EXPECT_GT(writer.verifications, looks_before); });
    go();
}

TEST_F(RunTest, APartitionThatIsNewToTheDatabaseAgainBeginsWhereItBegan)
{
    options.first_start = FirstStart::latest;
    consumer.marks["t/0"] = Watermarks{0, 100};
    given_assigned();
    consumer.then([this] {
        consumer.marks["t/0"] = Watermarks{0, 200};
        writer.lost.insert("t/0");
    });
    for (int i = 0; i < 100; ++i) consumer.bring(Nothing{});
    go();
    EXPECT_THAT(journal, Contains("assign t/0@100"));
}

TEST_F(RunTest, ADatabaseThatIsGoneIsNoticedThoughNothingComes)
{
    given_assigned();
    consumer.then([this] { writer.verify_failures.assign(4, sick); });
    for (int i = 0; i < 300; ++i) consumer.bring(Nothing{});
    go();
    EXPECT_EQ(seen.count<event::DatabaseUnavailable>(), 1);
    EXPECT_EQ(seen.count<event::DatabaseRecovered>(), 1);
}

} // namespace
} // namespace analytics::ingestor
