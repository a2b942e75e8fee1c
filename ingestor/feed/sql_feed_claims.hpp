/* The FeedClaims that calls analytics_tick_feeds and analytics_claim_feeds. */
#pragma once

#include "../../runtime/db_session.hpp"
#include "../../runtime/setting.hpp"
#include "claims.hpp"

#include <stop_token>

namespace analytics::ingestor {

/** The feeds that the setting ANALYTICS_FEEDS names; nothing: all. */
[[nodiscard]] std::optional<std::vector<std::string>> wanted_feeds(const runtime::Settings &settings);

/** Whether there may be a feed for this process. The dead-letter topic is one, whatever ANALYTICS_FEEDS says. */
[[nodiscard]] bool wants_feeds(const runtime::Settings &settings);

/** What --check looks at. */
struct FeedToCheck {
    std::string name;
    std::string topic;
    std::string key = {};
    std::string fault = {};
    std::optional<std::string> claimed_by = {};
    std::optional<double> claimed_seconds = {}; // since its last heartbeat
};

class SqlFeedClaims final : public FeedClaims {
public:
    /** Connects when first used, and again after each loss of the connection. */
    SqlFeedClaims(const runtime::Settings &settings, std::stop_token stop, runtime::Observer &observe);

    std::optional<Failure> prepare() override;
    std::variant<bool, Failure> has_feeds() override;
    std::variant<bool, Failure> tick() override;
    std::variant<FeedStore, Failure> store() override;
    std::variant<std::vector<ClaimedFeed>, Failure> claim(std::span<const FeedReport> reports) override;
    void release() override;

    /** All that is called, rolled back: the feeds that this process would publish if no other one did. */
    std::variant<std::vector<FeedToCheck>, Failure> rehearse();

private:
    runtime::Result call(std::span<const FeedReport> reports, const std::vector<std::string> *names,
                         std::optional<runtime::Milliseconds> deadline);

    std::string publisher_; // of this process, and of no other
    std::optional<std::vector<std::string>> names_;
    std::string dead_letter_topic_; // empty: none
    bool is_releasing_ = false;
    runtime::DbSession session_;
};

} // namespace analytics::ingestor
