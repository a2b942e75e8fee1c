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

TEST(FeedPage, asEventsEachItemHasItsPosition)
{
    EXPECT_EQ(frames_of({.items = {}, .next = "17"}), "id: 17\n\n");
    EXPECT_EQ(frames_of({.items = {}, .next = std::nullopt}), "");
    const std::string items = "id: 1.2.3\nevent: put\ndata: {}\n\nid: 1.2.4\nevent: delete\ndata: []\n\n";
    FeedPage page{.items = {{"1.2.3", "put", "{}"}, {"1.2.4", "delete", "[]"}}, .next = "1.2.4"};
    EXPECT_EQ(frames_of(page), items);
    page.next = "1";
    EXPECT_EQ(frames_of(page), items + "id: 1\n\n");
}

TEST(FeedPage, aLineBreakDoesNotEndTheData)
{
    EXPECT_EQ(event_frame("put", "{\n1\r2\r\n3}"), "event: put\ndata: {\ndata: 1\ndata: 2\ndata: 3}\n\n");
    EXPECT_EQ(event_frame("put", "\n\n"), "event: put\ndata: \ndata: \ndata: \n\n");
    EXPECT_EQ(event_frame("put", ""), "event: put\ndata: \n\n");
}

} // namespace
} // namespace analytics::http
