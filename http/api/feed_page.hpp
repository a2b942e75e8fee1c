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

/* The same as Server-Sent Events (WHATWG HTML, 9.2): each item is an event with its position as id and its operation as
 * type. A block that has an id alone makes no event, but is where a reader goes on that is cut off. */
[[nodiscard]] std::string frames_of(const FeedPage &page);

[[nodiscard]] std::string position_frame(std::string_view position);
/** data may have several lines. */
[[nodiscard]] std::string event_frame(std::string_view type, std::string_view data);

} // namespace analytics::http
