/* Cursors: what encode writes decode_cursor reads, and nothing else is read. */
#include "../../../http/api/cursor.hpp"

#include <gtest/gtest.h>
#include <random>
#include <stdexcept>

namespace analytics::http {
namespace {

constexpr const char *some_id = "01234567-89ab-8def-8123-456789abcdef";

class CursorPlaces : public testing::TestWithParam<std::int64_t> {};

TEST_P(CursorPlaces, comeBack)
{
    const std::optional<Cursor> back = decode_cursor(encode({GetParam(), some_id}));
    ASSERT_TRUE(back);
    EXPECT_EQ(back->position, GetParam());
    EXPECT_EQ(back->id, some_id);
}

INSTANTIATE_TEST_SUITE_P(Bounds, CursorPlaces, testing::Values(0, 1, -1, 1'700'000'000'123'456, INT64_MIN, INT64_MAX));

TEST(CursorText, needsNoEncodingInAUrl)
{
    std::mt19937_64 random(20261124);
    for (int i = 0; i < 1'000; ++i) {
        const auto position = static_cast<std::int64_t>(random());
        const std::string text = encode({position, some_id});
        EXPECT_EQ(text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
                  std::string::npos);
        EXPECT_EQ(text.size(), 32U);
        ASSERT_EQ(decode_cursor(text)->position, position);
    }
}

TEST(CursorText, ofOtherBytesIsNone)
{
    const std::string good = encode({0, some_id});
    for (const char bad : {'+', '/', '=', ' ', '.', '\0', '\x80'}) {
        std::string text = good;
        text[5] = bad;
        EXPECT_FALSE(decode_cursor(text)) << static_cast<int>(bad);
    }
}

TEST(CursorText, ofOtherLengthIsNone)
{
    const std::string good = encode({0, some_id});
    EXPECT_FALSE(decode_cursor(""));
    EXPECT_FALSE(decode_cursor(good.substr(1)));
    EXPECT_FALSE(decode_cursor(good + "A"));
}

TEST(CursorText, ofNoUuidIsAProgrammersError)
{
    EXPECT_THROW(static_cast<void>(encode({0, "01234567-89ab-8def-8123_456789abcdef"})), std::invalid_argument);
}

} // namespace
} // namespace analytics::http
