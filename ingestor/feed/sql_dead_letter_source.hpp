/* The FeedSource of a feed of dead letters, which calls analytics_dead_letter_messages. A message of a dead letter has
 * the record's own bytes and headers.
 *
 * A dead letter of which no message can be made, and one that is skipped, is marked and reported. */
#pragma once

#include "../../runtime/db_session.hpp"
#include "../../runtime/setting.hpp"
#include "feed.hpp"

#include <stop_token>

namespace analytics::ingestor {

class SqlDeadLetterSource final : public FeedSource {
public:
    SqlDeadLetterSource(const runtime::Settings &settings, std::string feed, std::stop_token stop,
                        runtime::Observer &observe);

    std::variant<FeedPage, Failure> read(const std::optional<std::string> &after) override;
    std::variant<bool, Failure> skip(std::string_view position, std::string_view why) override;

private:
    void mark(std::string_view position, std::string_view why);

    std::string feed_;
    runtime::Observer &observe_;
    runtime::DbSession session_;
};

} // namespace analytics::ingestor
