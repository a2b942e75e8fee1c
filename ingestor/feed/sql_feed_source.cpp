#include "sql_feed_source.hpp"

#include "../sql_failure.hpp"

#include <algorithm>
#include <utility>

namespace analytics::ingestor {
namespace {

using runtime::DbError;
using runtime::Statement;

const Statement read_messages{.name = "feed_messages",
                              .sql = "SELECT m.* FROM @extschema@.analytics_feed_messages("
                                     "$1::pg_catalog.text, $2::pg_catalog.text, $3::pg_catalog.int4, "
                                     "$4::pg_catalog.int4) AS m",
                              .is_read = true};

enum Column : int { position, recipients, key, value, first_header };

Recipients recipients_of(std::optional<std::string_view> text)
{
    if (!text) return Recipients::none;
    if (*text == "key") return Recipients::key;
    if (*text == "all") return Recipients::all;
    throw DbError("22P02", "unknown recipients in the answer");
}

FeedPage page_of(runtime::Result answer)
{
    const auto result = std::make_shared<const runtime::Result>(std::move(answer));
    const auto rows = static_cast<std::size_t>(result->rows());
    FeedPage page{.messages = {}, .headers = {}, .memory = result};
    page.messages.reserve(rows);
    page.headers.reserve(rows * static_cast<std::size_t>(std::max(result->columns() - first_header, 0)));
    for (int row = 0; row < result->rows(); ++row) {
        const std::size_t first = page.headers.size();
        for (int column = first_header; column < result->columns(); ++column)
            if (const auto header = result->get(row, column)) page.headers.push_back({result->name(column), *header});
        page.messages.push_back({.position = result->text(row, position),
                                 .recipients = recipients_of(result->get(row, recipients)),
                                 .key = result->get(row, key),
                                 .value = result->get(row, value),
                                 .headers = std::span(page.headers).subspan(first)}); // reserved: none moves
        page.bytes += page.messages.back().value.value_or("").size();
    }
    return page;
}

} // namespace

runtime::SessionOptions feed_session_options(const runtime::Settings &settings, std::stop_token stop)
{
    return {.name = "feed",
            .target = {.conninfo = settings.conninfo(),
                       .application_name = std::string(runtime::program(runtime::Daemon::ingestor)) + " feed",
                       .keep_waiting = [stop = std::move(stop)] { return !stop.stop_requested(); }},
            .settings = {{"statement_timeout", "60s"}},
            .deadline = runtime::Milliseconds(70'000)};
}

SqlFeedSource::SqlFeedSource(const runtime::Settings &settings, std::string feed, std::stop_token stop,
                             runtime::Observer &observe)
    : feed_(std::move(feed)), session_(feed_session_options(settings, std::move(stop)), observe)
{
}

std::variant<FeedPage, Failure> SqlFeedSource::read(const std::optional<std::string> &after)
{
    return answer_of<FeedPage>(session_, [&] {
        runtime::Parameters parameters;
        parameters.text(feed_).text(after).integer(rows_).integer(most_bytes);
        FeedPage page = page_of(session_.run(read_messages, parameters));
        adapt(page);
        return page;
    });
}

/* The server looks up all rows of a page, also those that exceed its bytes. */
void SqlFeedSource::adapt(const FeedPage &page)
{
    constexpr std::int64_t fewest_rows = 100;
    if (page.bytes >= static_cast<std::size_t>(most_bytes))
        rows_ = std::max(rows_ / 2, fewest_rows);
    else if (page.bytes < static_cast<std::size_t>(most_bytes) / 4)
        rows_ = std::min(rows_ * 2, most_rows);
}

} // namespace analytics::ingestor
