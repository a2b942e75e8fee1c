/* Base64: the vectors of RFC 4648, section 10; random bytes written and read; what is refused. */
#include "../../../extension/core/text/base64.hpp"

#include "seed.hpp"

#include <gtest/gtest.h>

#include <random>

namespace analytics::core {
namespace {

std::string base64(std::string_view bytes)
{
    std::string out;
    append_base64(out, bytes);
    return out;
}

std::string base64url(std::string_view bytes)
{
    std::string out;
    append_base64url(out, bytes);
    return out;
}

TEST(Base64, WritesTheVectorsOfTheRfc)
{
    EXPECT_EQ(base64(""), "");
    EXPECT_EQ(base64("f"), "Zg==");
    EXPECT_EQ(base64("fo"), "Zm8=");
    EXPECT_EQ(base64("foo"), "Zm9v");
    EXPECT_EQ(base64("foob"), "Zm9vYg==");
    EXPECT_EQ(base64("fooba"), "Zm9vYmE=");
    EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
}

TEST(Base64, TheAlphabetsPartAtTheLastTwo)
{
    EXPECT_EQ(base64("\xFB\xEF\xBE\xFF\xFF\xFF"), "++++////");
    EXPECT_EQ(base64url("\xFB\xEF\xBE\xFF\xFF\xFF"), "----____");
    EXPECT_EQ(base64url("f"), "Zg");
    EXPECT_EQ(base64url("fo"), "Zm8");
}

TEST(Base64, AnyBytesComeBack)
{
    auto random = seeded();
    for (int i = 0; i < 10'000; ++i) {
        std::string bytes(random() % 40, '\0');
        for (char &byte : bytes) byte = static_cast<char>(random());
        ASSERT_EQ(bytes_of_base64url(base64url(bytes)), bytes);
    }
}

TEST(Base64, OnlyWhatIsWrittenIsRead)
{
    for (const char *text : {"Z", "Zg=", "Zg==", "Zm9vY", "Zh", "Zm9", "Zm+v", "Zm/v", "Zm v", "Zm9v\n", "\xC3\xA9"})
        EXPECT_EQ(bytes_of_base64url(text), std::nullopt) << text;
}

} // namespace
} // namespace analytics::core
