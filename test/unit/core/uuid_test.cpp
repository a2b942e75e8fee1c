/* UUIDs: their one form, read and written. */
#include "../../../extension/core/text/uuid.hpp"

#include <gtest/gtest.h>

namespace analytics::core {
namespace {

constexpr std::string_view some = "01234567-89ab-8def-8123-456789abcdef";

TEST(Uuid, ComesBackFromItsBytes)
{
    const auto bytes = bytes_of_uuid(some);
    ASSERT_TRUE(bytes);
    EXPECT_EQ(bytes->size(), 16U);
    EXPECT_EQ(uuid_of_bytes(*bytes), some);
    EXPECT_EQ(bytes_of_uuid("01234567-89AB-8DEF-8123-456789ABCDEF"), bytes);
}

TEST(Uuid, HasOneForm)
{
    for (const char *text : {"", "01234567", "0123456789ab8def8123456789abcdef", "01234567-89ab-8def-8123-456789abcde",
                             "01234567-89ab-8def-8123-456789abcdef0", "01234567-89ab-8def-8123-456789abcdeg",
                             "01234567-89ab-8def-8123_456789abcdef", "0123456-789ab-8def-8123-456789abcdef",
                             "{1234567-89ab-8def-8123-456789abcde}"})
        EXPECT_EQ(bytes_of_uuid(text), std::nullopt) << text;
}

} // namespace
} // namespace analytics::core
