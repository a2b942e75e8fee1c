#include "feed_sources.hpp"

#include "../server/problem.hpp"
#include "feed_page.hpp"

#include <algorithm>

namespace analytics::http {

namespace {

using Clock = Source::Clock;

constexpr std::chrono::seconds heartbeat{15};            // proxies end a connection that is silent for a minute or so
constexpr std::chrono::milliseconds retry_after{500};    // of a stream while the database is away
constexpr std::string_view greeting = "retry: 1000\n\n"; // how long a browser waits before it connects again
constexpr std::string_view comment = ":\n\n";
constexpr int retry_later = 1; // seconds
constexpr int least_rows = 4;
constexpr int most_rows = 500;

Part answer(Response response, std::string_view route)
{
    response.route = route;
    return {.head = std::move(response)};
}

Part stopping(std::string_view route)
{
    return answer(response_of({.status = 503, .detail = "the service is stopping", .retry_after = retry_later}), route);
}

/* Whether the same question may be answered a moment later. */
bool passes(const Response &refusal) noexcept
{
    return refusal.status == 503 || refusal.status == 504;
}

} // namespace

void LongPoll::start(std::function<void()> wake)
{
    const Clock::time_point now = Clock::now();
    end_ = now + how_long_;
    latest_ = now + wait_.patience;
    wait_.reader->start(std::move(wake));
    wait_.reader->ask(wait_.question);
}

Part LongPoll::next()
{
    if (std::shared_ptr<const FeedNews> news = wait_.reader->take()) {
        if (news->refusal) return answer(*news->refusal, wait_.route);
        if (news->items > 0) return answer({.body = news->bytes}, wait_.route);
        page_ = std::move(news);
        const bool is_at_end = page_->next == wait_.question.after;
        wait_.question.after = page_->next;
        wait_.reader->await(wait_.question, is_at_end ? std::optional(page_->state) : std::nullopt);
    }
    if (Clock::now() < deadline()) return {};
    return page_ ? answer({.body = page_->bytes}, wait_.route) : answer(wait_.too_late, wait_.route);
}

Part LongPoll::last()
{
    return page_ ? answer({.body = page_->bytes}, wait_.route) : stopping(wait_.route);
}

void FeedStream::start(std::function<void()> wake)
{
    deadline_ = Clock::now() + wait_.patience;
    wait_.reader->start(std::move(wake));
    wait_.reader->ask(wait_.question);
}

Part FeedStream::next()
{
    if (stage_ == Stage::opening) return open();
    if (stage_ == Stage::ended || !is_allowed_()) return {.is_end = true};
    return run();
}

/* A stream that has not begun yet begins and ends: a browser connects again after that, and never after a 503. */
Part FeedStream::last()
{
    return stage_ == Stage::opening ? begin(Stage::ended) : Part{.is_end = true};
}

Part FeedStream::open()
{
    page_ = wait_.reader->take();
    if (page_ && page_->refusal) return answer(*page_->refusal, wait_.route);
    if (!page_) return Clock::now() < deadline_ ? Part{} : answer(wait_.too_late, wait_.route);
    sent_position_ = wait_.question.after;
    return begin(Stage::greeting);
}

Part FeedStream::begin(Stage stage)
{
    stage_ = stage;
    // A proxy that collects answers before it sends them on would keep all of it (nginx heeds this field).
    return answer(
        {.body = {}, .content_type = "text/event-stream", .headers = {{"X-Accel-Buffering", "no"}}, .goes_on = true},
        wait_.route);
}

Part FeedStream::run()
{
    const Clock::time_point now = Clock::now();
    std::shared_ptr<const FeedNews> page = page_ ? std::exchange(page_, nullptr) : wait_.reader->take();
    if (stage_ == Stage::greeting) {
        stage_ = Stage::running;
        page_ = std::move(page);
        std::string first(greeting);
        if (page_->items == 0 && page_->next && page_->next != sent_position_)
            first += position_frame(*(sent_position_ = page_->next)); // "now" would be another one after a cut
        return give(std::move(first));
    }
    if (page) {
        has_asked_ = false;
        if (page->refusal && passes(*page->refusal)) {
            has_asked_ = true; // later
            retry_ = now + retry_after;
        } else {
            return send_page(page);
        }
    }
    if (retry_ != Clock::time_point{} && now >= retry_) {
        retry_ = {};
        has_asked_ = false;
    }
    if (!has_asked_) ask();
    if (now >= beat_)
        return give(wait_.question.after && wait_.question.after != sent_position_
                        ? position_frame(*(sent_position_ = wait_.question.after))
                        : std::string(comment));
    deadline_ = retry_ == Clock::time_point{} ? beat_ : std::min(beat_, retry_);
    return {};
}

/* A page with nothing but a position is for the next heartbeat: a tick that the feed does not want wakes no client. */
Part FeedStream::send_page(const std::shared_ptr<const FeedNews> &page)
{
    if (page->refusal) {
        stage_ = Stage::ended;
        return give(event_frame("gone", page->refusal->body));
    }
    seen_ = page->next == wait_.question.after ? std::optional(page->state) : std::nullopt;
    wait_.question.after = page->next;
    if (page->items == 0) return run();
    wait_.question.max_rows = std::clamp(2 * static_cast<int>(page->items), least_rows, most_rows);
    sent_position_ = page->next;
    beat_ = Clock::now() + heartbeat;
    return {.bytes = std::shared_ptr<const std::string>(page, &page->bytes)};
}

Part FeedStream::give(std::string bytes)
{
    beat_ = Clock::now() + heartbeat;
    return {.bytes = std::make_shared<const std::string>(std::move(bytes))};
}

void FeedStream::ask()
{
    has_asked_ = true;
    wait_.reader->await(wait_.question, seen_);
    seen_.reset();
}

} // namespace analytics::http
