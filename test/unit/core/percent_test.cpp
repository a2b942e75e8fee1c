/* Percent-encoding: every byte written and read, what stays plain, what is refused. */
#include "../../../extension/core/text/percent.hpp"

#include <gtest/gtest.h>

namespace analytics::core {
namespace {

std::string percent_encoded(std::string_view text, std::string_view plain = {})
{
    std::string out;
    append_percent_encoded(out, text, plain);
    return out;
}

TEST(Percent, EveryByteComesBack)
{
    for (int byte = 0; byte < 256; ++byte) {
        const std::string text(1, static_cast<char>(byte));
        EXPECT_EQ(percent_decoded(percent_encoded(text)), text) << byte;
    }
}

TEST(Percent, OnlyUnreservedCharactersStayPlain)
{
    EXPECT_EQ(percent_encoded("aZ09-._~"), "aZ09-._~");
    EXPECT_EQ(percent_encoded(" /?&=%+*\xC3\xA9"), "%20%2F%3F%26%3D%25%2B%2A%C3%A9");
    EXPECT_EQ(percent_encoded("[::1],*", "*,:[]"), "[::1],*");
}

TEST(Percent, DecodingTakesEitherCaseAndLeavesThePlus)
{
    EXPECT_EQ(percent_decoded("a%2f%2F+b"), "a//+b");
    EXPECT_EQ(percent_decoded(""), "");
}

TEST(Percent, APercentSignNeedsTwoDigits)
{
    for (const char *text : {"%", "a%", "%2", "%2g", "%g2", "%%41", "% 1", "%+1"})
        EXPECT_EQ(percent_decoded(text), std::nullopt) << text;
}

TEST(Percent, ATextIsUtf8WithoutAZeroByte)
{
    EXPECT_EQ(percent_decoded_text("%C3%A9"), "\xC3\xA9");
    for (const char *text : {"%", "%C3", "%00", "a%ED%A0%80"})
        EXPECT_EQ(percent_decoded_text(text), std::nullopt) << text;
}

} // namespace
} // namespace analytics::core
