/* Which batch is due, and what is in flight. */
#include "../../../ingestor/partition_buffers.hpp"

#include <gtest/gtest.h>
#include <utility>

namespace analytics::ingestor {
namespace {

Record record(std::int64_t offset, std::string_view value = "{}", std::int32_t partition = 0)
{
    return {.partition = {"t", partition}, .offset = offset, .value = value};
}

constexpr BatchLimits limits{.records = 3, .bytes = 100, .age = Milliseconds(200)};
constexpr std::size_t open_bytes = 150;
constexpr Time t0{};

class PartitionBuffersTest : public testing::Test {
protected:
    PartitionBuffersTest()
    {
        for (const int id : {0, 1, 2}) buffers.insert({"t", id}, {.epoch = 1, .next_offset = 0});
    }
    int due_partition(Time now)
    {
        const auto *entry = buffers.due(now);
        return entry == nullptr ? -1 : entry->first.id;
    }

    PartitionBuffers buffers{limits, open_bytes};
};

TEST_F(PartitionBuffersTest, NothingIsDueAtFirst)
{
    EXPECT_EQ(due_partition(t0 + Milliseconds(1'000'000)), -1);
}

TEST_F(PartitionBuffersTest, RecordsFillABatch)
{
    buffers.add(record(0), t0);
    buffers.add(record(1), t0);
    EXPECT_EQ(due_partition(t0), -1);
    buffers.add(record(2), t0);
    EXPECT_EQ(due_partition(t0), 0);
}

TEST_F(PartitionBuffersTest, BytesFillABatch)
{
    buffers.add(record(0, std::string(99, 'x')), t0);
    EXPECT_EQ(due_partition(t0), -1);
    buffers.add(record(1, "x"), t0);
    EXPECT_EQ(due_partition(t0), 0);
}

TEST_F(PartitionBuffersTest, AgeMakesABatchDue)
{
    buffers.add(record(0), t0);
    EXPECT_EQ(due_partition(t0 + Milliseconds(199)), -1);
    EXPECT_EQ(due_partition(t0 + Milliseconds(200)), 0);
    EXPECT_EQ(buffers.due_at(), t0 + Milliseconds(200));
}

TEST_F(PartitionBuffersTest, AgeCountsFromTheFirstRecord)
{
    buffers.add(record(0), t0);
    buffers.add(record(1), t0 + Milliseconds(150));
    EXPECT_EQ(due_partition(t0 + Milliseconds(200)), 0);
}

TEST_F(PartitionBuffersTest, TheOldestBatchIsDueFirst)
{
    buffers.add(record(0, "{}", 2), t0);
    buffers.add(record(0, "{}", 1), t0 + Milliseconds(10));
    EXPECT_EQ(due_partition(t0 + Milliseconds(500)), 2);
}

TEST_F(PartitionBuffersTest, BusyPartitionsDoNotKeepAQuietOneWaiting)
{
    buffers.add(record(0, "{}", 1), t0);
    std::vector<int> dispatched;
    for (std::int64_t turn = 0; turn < 6; ++turn) {
        const Time now = t0 + Milliseconds(200 + turn);
        for (const int busy : {0, 2})
            while (buffers.find({"t", busy})->open.size() < 3)
                buffers.add(record(buffers.find({"t", busy})->position(), "{}", busy), now);
        auto &entry = *buffers.due(now);
        dispatched.push_back(entry.first.id);
        buffers.dispatch(entry);
        buffers.committed(entry);
    }
    EXPECT_EQ(dispatched, (std::vector{1, 0, 2, 0, 2, 0}));
}

TEST_F(PartitionBuffersTest, AllOpenBatchesTogetherAreBounded)
{
    buffers.add(record(0, std::string(60, 'x'), 0), t0);
    buffers.add(record(0, std::string(70, 'x'), 1), t0);
    EXPECT_EQ(due_partition(t0), -1);
    buffers.add(record(0, std::string(20, 'x'), 2), t0);
    EXPECT_EQ(due_partition(t0), 1) << "the largest makes most room";
}

TEST_F(PartitionBuffersTest, ACommittedBatchIsForgotten)
{
    buffers.add(record(0), t0);
    auto &entry = *buffers.due(t0 + Milliseconds(200));
    EXPECT_EQ(buffers.dispatch(entry).next_offset(), 1);
    buffers.committed(entry);
    EXPECT_EQ(due_partition(t0 + Milliseconds(1'000)), -1);
    EXPECT_EQ(buffers.records(), 0U);
    EXPECT_FALSE(buffers.due_at());
    EXPECT_EQ(buffers.find({"t", 0})->claim.next_offset, 1);
}

TEST_F(PartitionBuffersTest, ABatchInFlightDelaysTheNextOneOfItsPartitionOnly)
{
    buffers.add(record(0), t0);
    buffers.dispatch(*buffers.due(t0 + Milliseconds(200)));
    buffers.add(record(1), t0);
    EXPECT_FALSE(buffers.due_at());
    buffers.add(record(0, "{}", 1), t0 + Milliseconds(10));
    EXPECT_EQ(due_partition(t0 + Milliseconds(1'000)), 1);
    EXPECT_EQ(buffers.due_at(), t0 + Milliseconds(210));
}

TEST_F(PartitionBuffersTest, WhatIsInFlightIsBufferedButTakesNoRoom)
{
    buffers.add(record(0, std::string(100, 'x')), t0);
    EXPECT_TRUE(buffers.is_full());
    buffers.dispatch(*buffers.due(t0));
    EXPECT_FALSE(buffers.is_full());
    EXPECT_EQ(buffers.records(), 1U);
    EXPECT_FALSE(buffers.is_empty());
}

TEST_F(PartitionBuffersTest, ARequeuedBatchIsDueAtOnceAndTakesRoom)
{
    buffers.add(record(0), t0);
    auto &entry = *buffers.due(t0 + Milliseconds(200));
    Batch batch = buffers.dispatch(entry);
    buffers.requeue(entry, std::move(batch));
    EXPECT_EQ(due_partition(t0), 0);
    EXPECT_TRUE(buffers.is_full());
    EXPECT_EQ(entry.second.position(), 1);
}

TEST_F(PartitionBuffersTest, ABatchIsFoundUnderTheEpochOfItsDispatchOnly)
{
    buffers.add(record(0), t0);
    EXPECT_EQ(buffers.find_in_flight({"t", 0}, 1), nullptr) << "it is not in flight";
    buffers.dispatch(*buffers.due(t0 + Milliseconds(200)));
    EXPECT_NE(buffers.find_in_flight({"t", 0}, 1), nullptr);
    EXPECT_EQ(buffers.find_in_flight({"t", 0}, 2), nullptr);
    EXPECT_EQ(buffers.find_in_flight({"t", 1}, 1), nullptr);
}

TEST_F(PartitionBuffersTest, StartsAreAfterWhatIsBuffered)
{
    buffers.add(record(41), t0);
    buffers.find({"t", 1})->is_stopped = true;
    const auto starts = buffers.starts();
    ASSERT_EQ(starts.size(), 2U);
    EXPECT_EQ(starts[0].next_offset, 42);
    EXPECT_EQ(starts[1].partition.id, 2);
}

TEST_F(PartitionBuffersTest, ADroppedBatchMakesRoom)
{
    buffers.add(record(0, std::string(99, 'x'), 0), t0);
    buffers.erase({"t", 0});
    buffers.add(record(0, std::string(99, 'x'), 1), t0);
    EXPECT_EQ(due_partition(t0), -1);
}

} // namespace
} // namespace analytics::ingestor
