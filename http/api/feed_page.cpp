#include "feed_page.hpp"

#include "../../runtime/json.hpp"

namespace analytics::http {

std::optional<FeedPage> read_feed_page(const runtime::Result &rows)
{
    const int last = rows.rows() - 1;
    if (last < 0) return std::nullopt;
    FeedPage page{.items = {}, .next = rows.get(last, 0)};
    page.items.reserve(static_cast<std::size_t>(last));
    for (int row = 0; row < last; ++row)
        page.items.push_back(
            {.position = rows.text(row, 0), .operation = rows.text(row, 1), .json = rows.text(row, 2)});
    return page;
}

std::string body_of(const FeedPage &page)
{
    std::string body = R"({"items":[)";
    for (const FeedItem &item : page.items) {
        if (body.back() != '[') body += ',';
        body += item.json;
    }
    body.append(R"(],"count":)").append(std::to_string(page.items.size())).append(R"(,"next":)");
    if (page.next)
        runtime::append_json_string(body, *page.next);
    else
        body += "null";
    return body + '}';
}

} // namespace analytics::http
