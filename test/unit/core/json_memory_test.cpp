/* The reader's memory: no allocation per member, none per record after the first ones, a limit on what it keeps. */
#include "allocations.hpp"
#include "tape.hpp"

#include <gtest/gtest.h>

#include <string>

namespace analytics::core {
namespace {

std::string event_of(int members)
{
    std::string event = "{";
    for (int i = 0; i < members; ++i)
        event += (i == 0 ? "" : ",") + ('"' + std::to_string(i)) + R"(":["text \n",1.5e3,{"\u00e9":null}])";
    return event + "}";
}

TEST(JsonMemory, WarmReaderAllocatesNothing)
{
    Document document;
    const std::string event = event_of(10);
    ASSERT_FALSE(document.read(event, {}));
    const std::size_t before = allocations();
    for (int i = 0; i < 1000; ++i) ASSERT_FALSE(document.read(event, {}));
    EXPECT_EQ(allocations(), before);
}

TEST(JsonMemory, ColdReaderAllocatesWithTheLogarithmOfTheMembers)
{
    const std::string event = event_of(10'000);
    const std::size_t before = allocations();
    Document document;
    ASSERT_FALSE(document.read(event, {}));
    EXPECT_GT(document.size(), 60'000U);
    EXPECT_LT(allocations() - before, 40U);
}

TEST(JsonMemory, ALargeRecordsBuffersAreGivenBack)
{
    const std::string small = event_of(10);
    const std::string large = event_of(25'000);
    ASSERT_LT(large.size(), std::size_t{1} << 20);
    const std::size_t before = allocated_bytes();
    Document document;
    ASSERT_FALSE(document.read(large, {}));
    ASSERT_GT(allocated_bytes() - before, std::size_t{4} << 20) << "the large record needs a large tape";
    ASSERT_FALSE(document.read(small, {}));
    EXPECT_LT(allocated_bytes() - before, std::size_t{600} << 10);
}

TEST(JsonMemory, LargeRecordsInARowReuseTheirBuffers)
{
    const std::string large = event_of(10'000);
    Document document;
    ASSERT_FALSE(document.read(large, {}));
    const std::size_t before = allocations();
    for (int i = 0; i < 3; ++i) ASSERT_FALSE(document.read(large, {}));
    EXPECT_EQ(allocations(), before);
}

TEST(JsonMemory, RefusedGiantsAreNotCopied)
{
    const std::string giant(std::size_t{64} << 20, ' ');
    const std::size_t before = allocated_bytes();
    Document document;
    ASSERT_EQ(document.read(giant, {}).reason, Reason::too_large);
    EXPECT_LT(allocated_bytes() - before, std::size_t{64} << 10);
}

} // namespace
} // namespace analytics::core
