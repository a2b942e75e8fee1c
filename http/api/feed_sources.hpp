/* The two ways of waiting for a feed: a long poll is answered once, with the first page that has items; a stream is
 * answered as Server-Sent Events (WHATWG HTML, 9.2), again and again.
 *
 * Both ask the hub for their first page at once, since it decides the status: 404, 410, 422 come before anything waits.
 * A stream asks for the next page when its client has taken the page before, so it never holds two. */
#pragma once

#include "../server/source.hpp"
#include "feed_hub.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string_view>

namespace analytics::http {

/** What both begin with. */
struct FeedWait {
    std::unique_ptr<FeedHub::Reader> reader;
    FeedQuestion question;
    std::string_view route;             // for the log
    std::chrono::milliseconds patience; // for the first page; then too_late is the answer
    Response too_late;
};

class LongPoll final : public Source {
public:
    LongPoll(FeedWait wait, std::chrono::seconds how_long) : wait_(std::move(wait)), how_long_(how_long) {}

    void start(std::function<void()> wake) override;
    Part next() override;
    Part last() override;
    [[nodiscard]] Clock::time_point deadline() const override { return page_ ? end_ : latest_; }

private:
    FeedWait wait_;
    std::chrono::seconds how_long_;
    Clock::time_point end_;
    Clock::time_point latest_;             // for the first page
    std::shared_ptr<const FeedNews> page_; // the last one, which is empty
};

/* A page ends at 64 KiB, and the database makes all rows that it is asked for. So a stream asks for about as many as
 * fit: twice those of the page before. The number follows from that page, so those who share it share the next one,
 * too. */
class FeedStream final : public Source {
public:
    static constexpr int first_rows = 64;

    /** is_allowed: whether the key that opened the stream still may read. */
    FeedStream(FeedWait wait, std::function<bool()> is_allowed)
        : wait_(std::move(wait)), is_allowed_(std::move(is_allowed))
    {
    }

    void start(std::function<void()> wake) override;
    Part next() override;
    Part last() override;
    [[nodiscard]] Clock::time_point deadline() const override { return deadline_; }

private:
    enum class Stage : std::uint8_t { opening, greeting, running, ended };

    Part open();
    Part begin(Stage stage);
    Part run();
    Part send_page(const std::shared_ptr<const FeedNews> &page);
    Part give(std::string bytes);
    void ask();

    FeedWait wait_;
    std::function<bool()> is_allowed_;
    Stage stage_ = Stage::opening;
    bool has_asked_ = false;
    std::shared_ptr<const FeedNews> page_;     // the first one, while the head is being sent
    std::optional<std::uint64_t> seen_;        // the state at which there was nothing after the question
    std::optional<std::string> sent_position_; // the client's
    Clock::time_point beat_;                   // when the client is to get something
    Clock::time_point retry_;                  // when to ask again after the database was away
    Clock::time_point deadline_;
};

} // namespace analytics::http
