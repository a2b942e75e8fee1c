/* A batch's limits and what it sends; which batch is due, and what is under way. */
#include "../../../ingestor/batch.hpp"
#include "../../../ingestor/holdings.hpp"

#include <gtest/gtest.h>
#include <utility>

namespace analytics::ingestor {
namespace {

Record record(std::int64_t offset, std::string_view value = "{}", std::int32_t partition = 0)
{
    return {.partition = {"t", partition}, .offset = offset, .value = value};
}

std::string hex(std::string_view bytes)
{
    static constexpr char digits[] = "0123456789abcdef";
    std::string out;
    for (const char c : bytes) {
        out += digits[static_cast<unsigned char>(c) >> 4];
        out += digits[static_cast<unsigned char>(c) & 15];
    }
    return out;
}

std::string elements(std::optional<std::string_view> array)
{
    constexpr std::size_t head = 20;
    return array ? hex(array->substr(head)) : "none";
}

TEST(BatchTest, IsEmptyAtFirst)
{
    const Batch batch;
    EXPECT_TRUE(batch.is_empty());
    EXPECT_EQ(batch.size(), 0U);
}

Record traced(std::int64_t offset, const Header &header)
{
    Record traced = record(offset);
    traced.headers = {&header, 1};
    return traced;
}

TEST(BatchTest, LinksToEachProducersSpanOnce)
{
    const Header cause{"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"};
    const Header other{"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b8-01"};
    const Header none{"traceparent", "no name of a span"};
    const Header unrelated{"tracestate", cause.value};
    Batch batch;
    std::int64_t offset = 0;
    for (const Header *header : {&cause, &other, &cause, &none, &unrelated})
        batch.add(traced(offset++, *header), Time());
    ASSERT_EQ(batch.work().links.size(), 2U);
    EXPECT_EQ(batch.work().links[0].span_id, "00f067aa0ba902b7");
    EXPECT_EQ(batch.work().links[1].span_id, "00f067aa0ba902b8");
    EXPECT_EQ(batch.work().dropped_links, 0U);
}

TEST(BatchTest, KeepsSoManyLinksAndCountsTheRest)
{
    Batch batch;
    for (int i = 0; i < 300; ++i) {
        const runtime::SpanName cause = runtime::new_span();
        const std::string value = "00-" + cause.trace_id + "-" + cause.span_id + "-01";
        const Header header{"traceparent", value};
        batch.add(traced(i, header), Time());
    }
    EXPECT_EQ(batch.work().links.size(), 128U);
    EXPECT_EQ(batch.work().dropped_links, 172U);
}

TEST(BatchTest, KnowsItsFirstAndNextOffset)
{
    Batch batch;
    batch.add(record(7), {});
    batch.add(record(12), {});
    EXPECT_EQ(batch.first_offset(), 7);
    EXPECT_EQ(batch.next_offset(), 13);
    EXPECT_EQ(batch.size(), 2U);
}

TEST(BatchTest, CountsBytesOfValuesKeysAndHeaders)
{
    Batch batch;
    Record with_all = record(0, "12345");
    with_all.key = "678";
    const std::vector<Header> headers{{"a", "b"}};
    with_all.headers = headers;
    batch.add(with_all, {});
    EXPECT_EQ(batch.bytes(), 5 + 3 + std::string_view(R"([{"name":"a","value":"b"}])").size());
}

TEST(BatchTest, ATombstoneIsNullAndAnEmptyValueIsNot)
{
    Batch batch;
    Record tombstone = record(0);
    tombstone.value.reset();
    batch.add(tombstone, {});
    batch.add(record(1, ""), {});
    EXPECT_EQ(elements(batch.values()), "ffffffff"
                                        "00000000");
}

TEST(BatchTest, ArraysThatNobodyFillsAreNotSent)
{
    Batch batch;
    batch.add(record(0), {});
    EXPECT_FALSE(batch.keys());
    EXPECT_FALSE(batch.timestamps());
    EXPECT_FALSE(batch.headers());
}

TEST(BatchTest, OptionalArraysAreAsLongAsTheRecords)
{
    Batch batch;
    batch.add(record(0), {});
    Record keyed = record(1);
    keyed.key = "k";
    batch.add(keyed, {});
    batch.add(record(2), {});
    EXPECT_EQ(elements(batch.keys()), "ffffffff"
                                      "00000001"
                                      "6b"
                                      "ffffffff");
}

struct Timestamp {
    const char *name;
    std::int64_t millis;
    const char *sent; // the element's bytes, or "ffffffff" for null
};
class TimestampTest : public testing::TestWithParam<Timestamp> {};

/* timestamptz: microseconds since 2000-01-01, 8 bytes. */
TEST_P(TimestampTest, IsSentOrLeftOutButNeverCostsTheRecord)
{
    Batch batch;
    Record stamped = record(0);
    stamped.timestamp_ms = GetParam().millis;
    batch.add(stamped, {});
    stamped.timestamp_ms = 946'684'800'000; // so that the array is sent in any case
    stamped.offset = 1;
    batch.add(stamped, {});
    EXPECT_EQ(elements(batch.timestamps()), std::string(GetParam().sent) + "00000008"
                                                                           "0000000000000000");
}

INSTANTIATE_TEST_SUITE_P(Range, TimestampTest,
                         testing::Values(Timestamp{"Y2000", 946'684'800'000, "000000080000000000000000"},
                                         Timestamp{"OneMilliLater", 946'684'800'001, "0000000800000000000003e8"},
                                         Timestamp{"FirstYear", -62'135'596'800'000, "00000008ff1fe2ffc59c6000"},
                                         Timestamp{"BeforeFirstYear", -62'135'596'800'001, "ffffffff"},
                                         Timestamp{"AfterLastYear", 253'402'300'800'000, "ffffffff"},
                                         Timestamp{"Smallest", std::numeric_limits<std::int64_t>::min(), "ffffffff"},
                                         Timestamp{"Largest", std::numeric_limits<std::int64_t>::max(), "ffffffff"}),
                         [](const auto &info) { return info.param.name; });

TEST(BatchTest, ReachMovesTheNextOffsetButNeverBack)
{
    Batch batch;
    batch.add(record(5), {});
    batch.reach(9, {});
    EXPECT_EQ(batch.next_offset(), 9);
    batch.reach(3, {});
    EXPECT_EQ(batch.next_offset(), 9);
}

TEST(BatchTest, ShortenedItIsAsIfNoMoreHadBeenAdded)
{
    const Header header{"h", "v"};
    Batch whole;
    Batch part;
    for (std::int64_t offset = 0; offset < 6; ++offset) {
        const Record one{.partition = {"t", 0},
                         .offset = offset * 10,
                         .value = std::string_view("values").substr(0, static_cast<std::size_t>(offset)),
                         .key = offset % 2 == 0 ? std::optional<std::string_view>("k") : std::nullopt,
                         .timestamp_ms = offset,
                         .headers = offset < 2 ? std::span(&header, 1) : std::span<const Header>()};
        whole.add(one, {});
        if (offset < 3) part.add(one, {});
    }
    whole.reach(100, {});
    whole.shorten(3);
    EXPECT_EQ(whole.size(), 3U);
    EXPECT_EQ(whole.next_offset(), 21);
    EXPECT_EQ(whole.first_offset(), 0);
    EXPECT_EQ(whole.values(), part.values());
    EXPECT_EQ(whole.offsets(), part.offsets());
    EXPECT_EQ(whole.keys(), part.keys());
    EXPECT_EQ(whole.timestamps(), part.timestamps());
    EXPECT_EQ(whole.headers(), part.headers());
}

// ---- limits -------------------------------------------------------------------------------------------------------

constexpr BatchLimits limits{.records = 3, .bytes = 100, .age = Milliseconds(200)};
constexpr std::size_t open_bytes = 150;
constexpr Time t0{};

class HoldingsTest : public testing::Test {
protected:
    HoldingsTest()
    {
        for (const int id : {0, 1, 2}) holdings.hold({"t", id}, {.epoch = 1, .next_offset = 0});
    }
    int due_partition(Time now)
    {
        const auto *entry = holdings.due(now);
        return entry == nullptr ? -1 : entry->first.id;
    }

    Holdings holdings{limits, open_bytes};
};

TEST_F(HoldingsTest, NothingIsDueAtFirst)
{
    EXPECT_EQ(due_partition(t0 + Milliseconds(1'000'000)), -1);
}

TEST_F(HoldingsTest, RecordsFillABatch)
{
    holdings.add(record(0), t0);
    holdings.add(record(1), t0);
    EXPECT_EQ(due_partition(t0), -1);
    holdings.add(record(2), t0);
    EXPECT_EQ(due_partition(t0), 0);
}

TEST_F(HoldingsTest, BytesFillABatch)
{
    holdings.add(record(0, std::string(99, 'x')), t0);
    EXPECT_EQ(due_partition(t0), -1);
    holdings.add(record(1, "x"), t0);
    EXPECT_EQ(due_partition(t0), 0);
}

TEST_F(HoldingsTest, AgeMakesABatchDue)
{
    holdings.add(record(0), t0);
    EXPECT_EQ(due_partition(t0 + Milliseconds(199)), -1);
    EXPECT_EQ(due_partition(t0 + Milliseconds(200)), 0);
    EXPECT_EQ(holdings.due_at(), t0 + Milliseconds(200));
}

TEST_F(HoldingsTest, AgeCountsFromTheFirstRecord)
{
    holdings.add(record(0), t0);
    holdings.add(record(1), t0 + Milliseconds(150));
    EXPECT_EQ(due_partition(t0 + Milliseconds(200)), 0);
}

TEST_F(HoldingsTest, TheOldestBatchIsDueFirst)
{
    holdings.add(record(0, "{}", 2), t0);
    holdings.add(record(0, "{}", 1), t0 + Milliseconds(10));
    EXPECT_EQ(due_partition(t0 + Milliseconds(500)), 2);
}

TEST_F(HoldingsTest, AllOpenBatchesTogetherAreBounded)
{
    holdings.add(record(0, std::string(60, 'x'), 0), t0);
    holdings.add(record(0, std::string(70, 'x'), 1), t0);
    EXPECT_EQ(due_partition(t0), -1);
    holdings.add(record(0, std::string(20, 'x'), 2), t0);
    EXPECT_EQ(due_partition(t0), 1) << "the largest makes most room";
}

TEST_F(HoldingsTest, ACommittedBatchIsForgotten)
{
    holdings.add(record(0), t0);
    auto &entry = *holdings.due(t0 + Milliseconds(200));
    EXPECT_EQ(holdings.depart(entry).next_offset(), 1);
    holdings.committed(entry);
    EXPECT_EQ(due_partition(t0 + Milliseconds(1'000)), -1);
    EXPECT_EQ(holdings.records(), 0U);
    EXPECT_FALSE(holdings.due_at());
    EXPECT_EQ(holdings.find({"t", 0})->claim.next_offset, 1);
}

TEST_F(HoldingsTest, ABatchUnderWayHoldsBackTheNextOneOfItsPartitionOnly)
{
    holdings.add(record(0), t0);
    holdings.depart(*holdings.due(t0 + Milliseconds(200)));
    holdings.add(record(1), t0);
    EXPECT_FALSE(holdings.due_at());
    holdings.add(record(0, "{}", 1), t0 + Milliseconds(10));
    EXPECT_EQ(due_partition(t0 + Milliseconds(1'000)), 1);
    EXPECT_EQ(holdings.due_at(), t0 + Milliseconds(210));
}

TEST_F(HoldingsTest, WhatIsUnderWayIsInHandButTakesNoRoom)
{
    holdings.add(record(0, std::string(100, 'x')), t0);
    EXPECT_TRUE(holdings.is_full());
    holdings.depart(*holdings.due(t0));
    EXPECT_FALSE(holdings.is_full());
    EXPECT_EQ(holdings.records(), 1U);
    EXPECT_FALSE(holdings.is_empty());
}

TEST_F(HoldingsTest, WhatCameBackIsDueAtOnceAndTakesRoom)
{
    holdings.add(record(0), t0);
    auto &entry = *holdings.due(t0 + Milliseconds(200));
    Batch batch = holdings.depart(entry);
    holdings.came_back(entry, std::move(batch));
    EXPECT_EQ(due_partition(t0), 0);
    EXPECT_TRUE(holdings.is_full());
    EXPECT_EQ(entry.second.position(), 1);
}

TEST_F(HoldingsTest, OnlyTheEpochThatItDepartedUnderIsABatchsOrigin)
{
    holdings.add(record(0), t0);
    EXPECT_EQ(holdings.origin({"t", 0}, 1), nullptr) << "it is not under way";
    holdings.depart(*holdings.due(t0 + Milliseconds(200)));
    EXPECT_NE(holdings.origin({"t", 0}, 1), nullptr);
    EXPECT_EQ(holdings.origin({"t", 0}, 2), nullptr);
    EXPECT_EQ(holdings.origin({"t", 1}, 1), nullptr);
}

TEST_F(HoldingsTest, StartsAreAfterWhatIsInHand)
{
    holdings.add(record(41), t0);
    holdings.find({"t", 1})->is_stopped = true;
    const auto starts = holdings.starts();
    ASSERT_EQ(starts.size(), 2U);
    EXPECT_EQ(starts[0].next_offset, 42);
    EXPECT_EQ(starts[1].partition.id, 2);
}

TEST_F(HoldingsTest, ADroppedBatchMakesRoom)
{
    holdings.add(record(0, std::string(99, 'x'), 0), t0);
    holdings.drop({"t", 0});
    holdings.add(record(0, std::string(99, 'x'), 1), t0);
    EXPECT_EQ(due_partition(t0), -1);
}

} // namespace
} // namespace analytics::ingestor
