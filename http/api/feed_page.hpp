/* A page of a feed: from the rows of the statement feed to what readers receive. */
#pragma once

#include "database.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace analytics::http {

struct FeedItem {
    std::string_view position;
    std::string_view operation;
    std::string_view json;
};

/** Views into the rows. */
struct FeedPage {
    std::vector<FeedItem> items;
    /** Where the next page begins. Nothing: the feed is paused, and the reader has no position. */
    std::optional<std::string_view> next;
};

/** Nothing if there is no such feed. */
[[nodiscard]] std::optional<FeedPage> read_feed_page(const runtime::Result &rows);

/** {"items":[…],"count":n,"next":position}. */
[[nodiscard]] std::string body_of(const FeedPage &page);

} // namespace analytics::http
