/* Hexadecimal: every byte written and read, what is refused. */
#include "../../../extension/core/text/hex.hpp"

#include <gtest/gtest.h>

namespace analytics::core {
namespace {

TEST(Hex, EveryByteComesBackFromEitherCase)
{
    for (int byte = 0; byte < 256; ++byte) {
        std::string text;
        append_hex(text, static_cast<std::uint8_t>(byte));
        char expected[3];
        std::snprintf(expected, sizeof expected, "%02x", static_cast<unsigned>(byte));
        EXPECT_EQ(text, expected);
        EXPECT_EQ(bytes_of_hex(text), std::string(1, static_cast<char>(byte)));
        std::snprintf(expected, sizeof expected, "%02X", static_cast<unsigned>(byte));
        EXPECT_EQ(bytes_of_hex(expected), std::string(1, static_cast<char>(byte)));
    }
}

TEST(Hex, BytesFollowEachOther)
{
    const std::uint8_t bytes[] = {0x00, 0xAB, 0x7F};
    EXPECT_EQ(hex(bytes), "00ab7f");
    EXPECT_EQ(hex({}), "");
    EXPECT_EQ(bytes_of_hex(""), "");
}

TEST(Hex, WhatIsNoPairOfDigitsIsRefused)
{
    for (const char *text : {"0", "abc", "0g", "g0", " 0", "0 ", "+1", "-1", "0x", "\xC3\xA9"})
        EXPECT_EQ(bytes_of_hex(text), std::nullopt) << text;
}

TEST(Hex, OnlyTwentyTwoCharactersAreDigits)
{
    constexpr std::string_view digits = "0123456789abcdefABCDEF";
    for (int c = 0; c < 256; ++c)
        EXPECT_EQ(hex_value(static_cast<char>(c)) >= 0, digits.find(static_cast<char>(c)) != digits.npos) << c;
}

} // namespace
} // namespace analytics::core
