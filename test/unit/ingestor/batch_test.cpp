/* A batch's limits, and what it sends. */
#include "../../../ingestor/batch.hpp"

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
    ASSERT_EQ(batch.span().links.size(), 2U);
    EXPECT_EQ(batch.span().links[0].span_id, "00f067aa0ba902b7");
    EXPECT_EQ(batch.span().links[1].span_id, "00f067aa0ba902b8");
    EXPECT_EQ(batch.span().dropped_links, 0U);
}

TEST(BatchTest, KeepsSoManyLinksAndCountsTheRest)
{
    Batch batch;
    for (int i = 0; i < 300; ++i) {
        const runtime::SpanContext cause = runtime::new_span();
        const std::string value = "00-" + cause.trace_id + "-" + cause.span_id + "-01";
        const Header header{"traceparent", value};
        batch.add(traced(i, header), Time());
    }
    EXPECT_EQ(batch.span().links.size(), 128U);
    EXPECT_EQ(batch.span().dropped_links, 172U);
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
    batch.advance(9, {});
    EXPECT_EQ(batch.next_offset(), 9);
    batch.advance(3, {});
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
    whole.advance(100, {});
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

} // namespace
} // namespace analytics::ingestor
