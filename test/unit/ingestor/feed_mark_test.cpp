/* Where a feed goes on, by what is committed in Kafka. */
#include "../../../ingestor/feed/mark.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace analytics::ingestor {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

const FeedStore ours{.id = "x", .system = "7", .database_oid = "8"};

FeedClaim claim_of(std::int64_t generation, bool takes_over = false)
{
    FeedClaim claim{.name = "f", .topic = "t"};
    claim.generation = generation;
    claim.begin_at = "begin";
    claim.takes_over = takes_over;
    return claim;
}

std::string committed(std::string position, std::int64_t generation, std::string system = "7")
{
    return text_of(
        {.position = std::move(position), .generation = generation, .system = std::move(system), .database_oid = "8"});
}

TEST(FeedMark, IsReadAsItWasWritten)
{
    EXPECT_EQ(committed("17.4211.3", 5), "17.4211.3 5 7 8");
    const auto mark = mark_of("17.4211.3 5 7 8");
    ASSERT_TRUE(mark);
    EXPECT_EQ(text_of(*mark), "17.4211.3 5 7 8");
    for (const char *text : {"", " ", "1", "1 2 3", "1 x 3 4", "1 2 3 4 5", " 1 2 3", "1 2 3 ", "1  3 4"})
        EXPECT_FALSE(mark_of(text)) << text;
}

TEST(FeedMark, HasTheTickAsOffset)
{
    EXPECT_EQ(offset_of("17.4211.3"), 17);
    EXPECT_EQ(offset_of("1000000017"), 1'000'000'017);
    EXPECT_EQ(offset_of("beginning"), 0);
    EXPECT_TRUE(is_end("17"));
    for (const char *position : {"17.4211.3", "beginning", ""}) EXPECT_FALSE(is_end(position)) << position;
}

TEST(FeedMark, OfAnotherDatabaseIsForeign)
{
    EXPECT_THAT(foreign_fault({}, claim_of(1), ours), IsEmpty());
    EXPECT_THAT(foreign_fault("of some tool", claim_of(1), ours), IsEmpty());
    EXPECT_THAT(foreign_fault(committed("17", 1), claim_of(1), ours), IsEmpty());
    EXPECT_THAT(foreign_fault(committed("17", 1, "6"), claim_of(1), ours), HasSubstr("another database"));
    EXPECT_THAT(foreign_fault(committed("17", 1, "6"), claim_of(1, true), ours), IsEmpty());
}

struct Case {
    const char *what;
    std::optional<std::string> committed;
    bool takes_over;
    std::optional<std::string> reported;
    std::optional<std::string> after; // nothing: a fault
};

class FeedStartTest : public testing::TestWithParam<Case> {};

TEST_P(FeedStartTest, IsWhereTheGenerationIs)
{
    const auto &[what, mark, takes_over, reported, after] = GetParam();
    const FeedStart start = start_of(mark, claim_of(5, takes_over), reported);
    EXPECT_EQ(start.fault.empty(), after.has_value()) << what << ": " << start.fault;
    EXPECT_EQ(start.after, after) << what;
    EXPECT_EQ(start.is_first, after == "begin") << what;
}

INSTANTIATE_TEST_SUITE_P(Marks, FeedStartTest,
                         testing::Values(Case{"the first start", {}, false, {}, "begin"},
                                         Case{"as committed", "17 5 7 8", false, {}, "17"},
                                         Case{"as committed, not as reported", "17.4.2 5 7 8", false, "17", "17.4.2"},
                                         Case{"an earlier generation", "17 4 7 8", false, {}, "begin"},
                                         Case{"no mark", "text", false, {}, "begin"},
                                         Case{"the offset has expired", {}, false, "17", {}},
                                         Case{"another tool's commit", "text", false, "17", {}},
                                         Case{"an earlier generation came back", "9 4 7 8", false, "17", {}},
                                         Case{"a database of yesterday", "17 6 7 8", false, {}, {}},
                                         Case{"which was told to go on", "17 6 7 8", true, {}, "begin"}));

} // namespace
} // namespace analytics::ingestor
