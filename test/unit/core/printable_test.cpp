/* A text for people: what is replaced, and that the rest stays. */
#include "../../../extension/core/text/printable.hpp"

#include "../../../extension/core/text/utf8.hpp"

#include "seed.hpp"

#include <gtest/gtest.h>

#include <string>

namespace analytics::core {
namespace {

using namespace std::string_literals;

TEST(Printable, KeepsWhatIsWritten)
{
    for (const char *text : {"", "a b", "größe €", "\xF0\x9F\x98\x80", "\xC2\xA0", "\xE2\x80\xA7", "\xE2\x80\xAF", "~"})
        EXPECT_EQ(printable(text), text);
}

TEST(Printable, ReplacesWhatChangesTheLine)
{
    for (const std::string &text :
         {"\0"s, "\n"s, "\x1F"s, "\x7F"s, "\xC2\x80"s, "\xC2\x9F"s, "\xD8\x9C"s, "\xE2\x80\x8E"s, "\xE2\x80\xA8"s,
          "\xE2\x80\xAE"s, "\xE2\x81\xA6"s, "\xE2\x81\xA9"s})
        EXPECT_EQ(printable("a" + text + "b"), "a\xEF\xBF\xBD"
                                               "b");
}

TEST(Printable, ShowsIllFormedBytesAsQuestionMarks)
{
    EXPECT_EQ(printable("a\xFF\xC3z\xED\xA0\x80"), "a??z???");
}

TEST(PrintableProperty, OfAnyBytesIsPrintable)
{
    std::mt19937_64 random = seeded();
    for (int round = 0; round < 20'000; ++round) {
        std::string text(random() % 24, '\0');
        for (char &byte : text) byte = static_cast<char>(random() % 3 == 0 ? random() % 0x80 : random());
        const std::string shown = printable(text);
        ASSERT_TRUE(is_storable_text(shown));
        ASSERT_LE(shown.size(), 3 * text.size());
        ASSERT_EQ(printable(shown), shown);
    }
}

} // namespace
} // namespace analytics::core
