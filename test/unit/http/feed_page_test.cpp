#include "../../../http/api/feed_page.hpp"

#include <gtest/gtest.h>

namespace analytics::http {
namespace {

TEST(FeedPage, itsBodyHasTheItemsAsTheyAre)
{
    EXPECT_EQ(body_of({.items = {}, .next = "17"}), R"({"items":[],"count":0,"next":"17"})");
    EXPECT_EQ(body_of({.items = {}, .next = std::nullopt}), R"({"items":[],"count":0,"next":null})");
    EXPECT_EQ(body_of({.items = {{"1.2.3", "put", R"({"a": 1})"}, {"1.2.4", "delete", "[2]"}}, .next = "1.2.4"}),
              R"({"items":[{"a": 1},[2]],"count":2,"next":"1.2.4"})");
}

} // namespace
} // namespace analytics::http
