/* An array is cut into the bytes of its elements, whatever they hold and however deep they are. */
#include "../../../extension/core/array_items.hpp"

#include <gtest/gtest.h>

#include <string>

namespace analytics::core {
namespace {

constexpr std::size_t many = 1000;

std::string cut(std::string_view array, std::size_t max_items = many)
{
    ArrayItems items;
    if (const Refusal refusal = items.split(array, max_items, Limits{})) return std::string(name(refusal.reason));
    std::string shown;
    for (const std::string_view item : items.items()) shown.append("<").append(item).append(">");
    return shown;
}

TEST(ArrayItemsTest, ElementsAreTheirOwnBytes)
{
    EXPECT_EQ(cut("[]"), "");
    EXPECT_EQ(cut(" [ \n] "), "");
    EXPECT_EQ(cut(R"([{"a":1.50,"a":[1,{"b":","}]} , 1e400,"x]\"," , null])"),
              R"(<{"a":1.50,"a":[1,{"b":","}]}><1e400><"x]\","><null>)");
    EXPECT_EQ(cut("[[],[[]],{}]"), "<[]><[[]]><{}>");
    EXPECT_EQ(cut(R"(["\\",1])"), R"(<"\\"><1>)");
    EXPECT_EQ(cut(R"([{"t":"\u0000"}])"), R"(<{"t":"\u0000"}>)");
}

TEST(ArrayItemsTest, DepthIsTheElementsOwnMatter)
{
    for (const std::size_t depth : {65UL, 15'000UL, 1'000'000UL}) {
        const std::string deep = std::string(depth, '[') + std::string(depth, ']');
        EXPECT_EQ(cut("[1," + deep + ",2]"), "<1><" + deep + "><2>");
    }
}

TEST(ArrayItemsTest, WhatIsNoArrayIsRefusedWhole)
{
    for (const char *const bad : {"",
                                  " ",
                                  "{}",
                                  "1",
                                  "[",
                                  "[1",
                                  "[1,",
                                  "[1,]",
                                  "[,1]",
                                  "[1 2]",
                                  "[1]]",
                                  "[1] x",
                                  "[1][2]",
                                  "[{]}",
                                  "[}",
                                  "]",
                                  "[\"",
                                  "[\"\\\"]",
                                  "[nul]",
                                  "[{\"a\"}]",
                                  "[01]",
                                  "[1,,2]",
                                  "\xEF\xBB\xBF[]",
                                  "[\x01]"})
        EXPECT_EQ(cut(bad), "invalid_json") << bad;
    EXPECT_EQ(cut("[\"\xC3\"]"), "invalid_utf8");
    EXPECT_EQ(cut(std::string_view("[1]\0", 4)), "invalid_json");
}

TEST(ArrayItemsTest, OneMoreThanAreTakenIsEnough)
{
    EXPECT_EQ(cut("[1,2,3]", 3), "<1><2><3>");
    EXPECT_EQ(cut("[1,2,3,4,5,", 3), "<1><2><3><4>");
    EXPECT_EQ(cut("[]", 0), "");
    EXPECT_EQ(cut("[1]", 0), "<1>");
}

} // namespace
} // namespace analytics::core
