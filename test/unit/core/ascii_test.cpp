/* ASCII: comparing without regard to case, cutting. */
#include "../../../extension/core/text/ascii.hpp"

#include <gtest/gtest.h>

namespace analytics::core {
namespace {

TEST(Ascii, OnlyLettersHaveACase)
{
    EXPECT_TRUE(equals_ignoring_case("GzIp", "gZip"));
    EXPECT_TRUE(equals_ignoring_case("", ""));
    EXPECT_FALSE(equals_ignoring_case("gzi", "gzip"));
    EXPECT_FALSE(equals_ignoring_case("@", "`"));
    EXPECT_FALSE(equals_ignoring_case("[", "{"));
}

TEST(Ascii, TrimmingTakesSpacesAndTabsAtTheEndsOnly)
{
    EXPECT_EQ(trimmed(" \ta \t b\t "), "a \t b");
    EXPECT_EQ(trimmed("\n"), "\n");
    EXPECT_EQ(trimmed(" \t "), "");
    EXPECT_EQ(trimmed(""), "");
    EXPECT_EQ(trimmed(" \ta ", " "), "\ta");
}

TEST(Ascii, ATextIsTakenApartAtItsSeparators)
{
    std::string_view text = "a,,b";
    EXPECT_EQ(take_until(',', text), "a");
    EXPECT_EQ(take_until(',', text), "");
    EXPECT_EQ(text, "b");
    EXPECT_EQ(take_until(',', text), "b");
    EXPECT_EQ(text, "");
    EXPECT_EQ(take_until(',', text), "");
}

TEST(Ascii, AnItemOfAListHasNoBlanksAroundIt)
{
    std::string_view list = " a b\t,, c";
    EXPECT_EQ(take_item(list), "a b");
    EXPECT_EQ(take_item(list), "");
    EXPECT_EQ(take_item(list), "c");
    EXPECT_EQ(list, "");
}

} // namespace
} // namespace analytics::core
