/* The FeedSource that calls analytics_feed_messages. A page has as many messages as keep it near its bytes. */
#pragma once

#include "../../runtime/db_session.hpp"
#include "../../runtime/setting.hpp"
#include "feed.hpp"

#include <stop_token>

namespace analytics::ingestor {

/** Of a session that reads a feed. A stop ends the wait for an answer. */
[[nodiscard]] runtime::SessionOptions feed_session_options(const runtime::Settings &settings, std::stop_token stop);

class SqlFeedSource final : public FeedSource {
public:
    /** Connects when first used, and again after each loss of the connection. A stop ends the wait for an answer. */
    SqlFeedSource(const runtime::Settings &settings, std::string feed, std::stop_token stop,
                  runtime::Observer &observe);

    std::variant<FeedPage, Failure> read(const std::optional<std::string> &after) override;

    static constexpr std::int64_t most_rows = 5'000;
    static constexpr std::int64_t most_bytes = 4 << 20; // of values; the last one may exceed it

private:
    void adapt(const FeedPage &page);

    std::string feed_;
    runtime::DbSession session_;
    std::int64_t rows_ = most_rows;
};

} // namespace analytics::ingestor
