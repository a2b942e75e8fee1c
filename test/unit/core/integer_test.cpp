/* Integers: the bounds of their types, and what is no number. */
#include "../../../extension/core/text/integer.hpp"

#include <cstdint>
#include <gtest/gtest.h>

namespace analytics::core {
namespace {

TEST(Integer, HasTheBoundsOfItsType)
{
    EXPECT_EQ(integer_of<std::int64_t>("-9223372036854775808"), INT64_MIN);
    EXPECT_EQ(integer_of<std::int64_t>("9223372036854775807"), INT64_MAX);
    EXPECT_EQ(integer_of<std::int64_t>("9223372036854775808"), std::nullopt);
    EXPECT_EQ(integer_of<std::uint64_t>("18446744073709551615"), UINT64_MAX);
    EXPECT_EQ(integer_of<unsigned>("-1"), std::nullopt);
    EXPECT_EQ(integer_of<int>("007"), 7);
}

TEST(Integer, IsTheWholeText)
{
    for (const char *text : {"", "-", "+1", " 1", "1 ", "1.0", "1e3", "0x1", "1a", "a", "\xC3\xA9"})
        EXPECT_EQ(integer_of<int>(text), std::nullopt) << text;
    EXPECT_EQ(integer_of<int>({}), std::nullopt);
}

} // namespace
} // namespace analytics::core
