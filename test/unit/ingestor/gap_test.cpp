/* What is reported of a partition that can't be read on, and how the operator accepts it. */
#include "../../../ingestor/gap.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace analytics::ingestor {
namespace {

using testing::HasSubstr;

TEST(Gap, ThereIsNoneBetweenTheWatermarks)
{
    for (const std::int64_t offset : {100, 150, 200}) EXPECT_FALSE(gap_at(offset, {100, 200})) << offset;
}

TEST(Gap, BeforeTheBeginningItEndsThere)
{
    const auto gap = gap_at(10, {100, 200});
    EXPECT_EQ(gap->from_offset, 10);
    EXPECT_EQ(gap->to_offset, 100);
    EXPECT_THAT(gap->message, HasSubstr("10"));
    EXPECT_THAT(gap->message, HasSubstr("100"));
}

TEST(Gap, BeyondTheEndItGoesBackToTheBeginningAndSaysWhy)
{
    const auto gap = gap_at(201, {0, 200});
    EXPECT_EQ(gap->from_offset, 201);
    EXPECT_EQ(gap->to_offset, 0);
    EXPECT_THAT(gap->message, HasSubstr("created again"));
}

TEST(Gap, AnUnreadableRecordIsPassedOver)
{
    const Gap gap = unreadable_at(10, 12, "bad CRC"); // 10 and 11 are a transaction's marks
    EXPECT_EQ(gap.from_offset, 10);
    EXPECT_EQ(gap.to_offset, 13);
    EXPECT_THAT(gap.message, HasSubstr("12"));
    EXPECT_THAT(gap.message, HasSubstr("bad CRC"));
}

TEST(Gap, AnUnreadableBatchIsPassedOverAsAWhole)
{
    const Gap gap = unreadable_at(10, 8, "bad CRC", 110);
    EXPECT_EQ(gap.from_offset, 10);
    EXPECT_EQ(gap.to_offset, 110);
    EXPECT_THAT(gap.message, HasSubstr("10 to 109"));
    EXPECT_THAT(unreadable_at(10, 4'000'000'000, "no such offset", 110).message, HasSubstr("10 to 109"));
}

TEST(Gap, TheEndOfABrokenBatchIsFoundWhereverItIs)
{
    for (std::int64_t size = 1; size < 200; ++size) {
        for (const std::int64_t more : {0, 1, 7, 1'000'000}) { // records behind it
            const std::int64_t end = 50 + size + more;
            int looks = 0;
            const auto found = end_of_unreadable(50, end, [&](std::int64_t offset) {
                EXPECT_GT(offset, 50);
                EXPECT_LT(offset, end);
                ++looks;
                return std::optional(offset < 50 + size);
            });
            EXPECT_EQ(found, 50 + size) << "of " << size << " with " << more << " behind";
            EXPECT_LE(looks, 18);
        }
    }
}

TEST(Gap, NobodyKnowsTheEndWhenTheBrokersDoNotAnswer)
{
    for (const int answers : {0, 3, 6})
        EXPECT_FALSE(end_of_unreadable(0, 1'000, [left = answers](std::int64_t offset) mutable {
            return left-- > 0 ? std::optional(offset < 20) : std::nullopt;
        })) << answers;
}

TEST(Gap, TheCommandQuotesNames)
{
    EXPECT_EQ(accept_command(Gap{"", 5, 7}, "it's", {"a.b", 3}),
              "SELECT * FROM analytics_accept_gap('it''s', 'a.b', 3, 5, 7)");
}

} // namespace
} // namespace analytics::ingestor
