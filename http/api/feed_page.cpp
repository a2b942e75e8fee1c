#include "feed_page.hpp"

#include "../../runtime/json.hpp"

#include <algorithm>

namespace analytics::http {

namespace {

/* Lines end with LF, CR, or both; a line of data each. */
void append_data(std::string &frame, std::string_view data)
{
    for (;;) {
        const std::size_t end = std::min(data.find_first_of("\r\n"), data.size());
        frame.append("data: ").append(data.substr(0, end)).append("\n");
        if (end == data.size()) return;
        data.remove_prefix(data.substr(end).starts_with("\r\n") ? end + 2 : end + 1);
    }
}

} // namespace

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

std::string frames_of(const FeedPage &page)
{
    std::string frames;
    for (const FeedItem &item : page.items)
        frames.append("id: ").append(item.position).append("\n").append(event_frame(item.operation, item.json));
    if (page.next && (page.items.empty() || page.items.back().position != *page.next))
        frames += position_frame(*page.next);
    return frames;
}

std::string position_frame(std::string_view position)
{
    return std::string("id: ").append(position).append("\n\n");
}

std::string event_frame(std::string_view type, std::string_view data)
{
    std::string frame = std::string("event: ").append(type).append("\n");
    append_data(frame, data);
    return frame += '\n';
}

} // namespace analytics::http
