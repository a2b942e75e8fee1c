#include "sql_dead_letter_source.hpp"

#include "../../extension/core/text/hex.hpp"
#include "../sql_failure.hpp"
#include "sql_feed_source.hpp"

#include <deque>
#include <utility>

namespace analytics::ingestor {
namespace {

using runtime::DbError;
using runtime::Statement;

const Statement read_messages{.name = "dead_letter_messages",
                              .sql = "SELECT m.\"position\", m.key, m.value, m.header, m.header_value, m.fault "
                                     "FROM @extschema@.analytics_dead_letter_messages("
                                     "$1::pg_catalog.text, $2::pg_catalog.text, 500) AS m",
                              .is_read = true};

const Statement skip_dead_letter{.name = "skip_dead_letter",
                                 .sql = "SELECT @extschema@.analytics_skip_dead_letter("
                                        "$1::pg_catalog.text, $2::pg_catalog.text)"};

enum Column : int { position, key, value, header, header_value, fault };

/* A page's texts, which stay where they are. */
class Texts {
public:
    std::string_view keep(std::string text) { return texts_.emplace_back(std::move(text)); }
    std::string_view keep(std::string_view text) { return keep(std::string(text)); }

    /* Of a bytea in its hex form \x0a1b…, which each transaction sets. */
    std::string_view keep_bytes(std::string_view bytea)
    {
        std::optional<std::string> bytes;
        if (bytea.starts_with("\\x")) bytes = core::bytes_of_hex(bytea.substr(2));
        if (!bytes) throw DbError("22P02", "invalid bytea in the answer");
        return keep(std::move(*bytes));
    }

private:
    std::deque<std::string> texts_;
};

/* A row for each header of a dead letter; one row for a position alone. */
FeedPage page_of(const runtime::Result &answer)
{
    const auto texts = std::make_shared<Texts>();
    const auto rows = static_cast<std::size_t>(answer.rows());
    FeedPage page{.messages = {}, .headers = {}, .memory = texts};
    page.messages.reserve(rows);
    page.headers.reserve(rows);
    std::size_t first_header = 0;
    for (int row = 0; row < answer.rows(); ++row) {
        if (page.empty() || page.position() != answer.text(row, position)) {
            FeedMessage message{
                .position = texts->keep(answer.text(row, position)), .key = {}, .value = {}, .headers = {}};
            if (const auto bytes = answer.get(row, value)) message.value = texts->keep_bytes(*bytes);
            page.bytes += message.value.value_or("").size();
            page.messages.push_back(message);
            first_header = page.headers.size();
        }
        const auto name = answer.get(row, header);
        if (!name) continue;
        const auto content = answer.get(row, header_value);
        page.headers.push_back({texts->keep(*name), content ? texts->keep_bytes(*content) : std::string_view()});
        FeedMessage &message = page.messages.back();
        message.recipients = Recipients::key;
        if (!message.key) message.key = texts->keep(answer.text(row, key));
        message.headers = std::span(page.headers).subspan(first_header); // reserved: none moves
    }
    return page;
}

} // namespace

SqlDeadLetterSource::SqlDeadLetterSource(const runtime::Settings &settings, std::string feed, std::stop_token stop,
                                         runtime::Observer &observe)
    : feed_(std::move(feed)), observe_(observe), session_(feed_session_options(settings, std::move(stop)), observe)
{
}

std::variant<FeedPage, Failure> SqlDeadLetterSource::read(const std::optional<std::string> &after)
{
    return answer_of<FeedPage>(session_, [&] {
        runtime::Parameters parameters;
        parameters.text(feed_).text(after);
        const auto answer = session_.run(read_messages, parameters);
        for (int row = 0; row < answer.rows(); ++row)
            if (const auto why = answer.get(row, fault)) mark(answer.text(row, position), *why);
        return page_of(answer);
    });
}

std::variant<bool, Failure> SqlDeadLetterSource::skip(std::string_view position, std::string_view why)
{
    return answer_of<bool>(session_, [&] {
        mark(position, why);
        return true;
    });
}

void SqlDeadLetterSource::mark(std::string_view position, std::string_view why)
{
    runtime::Parameters parameters;
    parameters.text(std::string(position)).text(std::string(why));
    const auto answer = session_.run(skip_dead_letter, parameters);
    if (answer.get(0, 0)) // else it was purged
        observe_(event::DeadLetterUnpublishable{.id = answer.integer(0, 0), .message = why});
}

} // namespace analytics::ingestor
