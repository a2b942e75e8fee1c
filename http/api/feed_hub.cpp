#include "feed_hub.hpp"

#include <algorithm>
#include <utility>

namespace analytics::http {

FeedHub::FeedHub(FeedHubOptions options, Read read, Watch watch, runtime::Observer &observe)
    : options_(options), read_(std::move(read)), watch_(std::move(watch)), observe_(observe)
{
    threads_.reserve(options_.threads + 1);
    for (std::size_t thread = 0; thread < options_.threads; ++thread)
        threads_.emplace_back([this, thread](const std::stop_token &stop) { read_pages(stop, thread); });
    threads_.emplace_back([this](const std::stop_token &stop) { this->watch(stop); });
}

std::unique_ptr<FeedHub::Reader> FeedHub::admit()
{
    const std::scoped_lock lock(mutex_);
    if (readers_ == options_.max_readers) {
        if (overloads_.admits(std::chrono::steady_clock::now()))
            observe_(event::Overloaded{.message = "too many readers of feeds wait", .bound = options_.max_readers});
        return nullptr;
    }
    auto reader = std::make_unique<Reader>(*this);
    ++readers_;
    return reader;
}

FeedHubUse FeedHub::use() const
{
    const std::scoped_lock lock(mutex_);
    return {.readers = readers_, .max_readers = options_.max_readers};
}

void FeedHub::ask(const std::shared_ptr<Seat> &seat, const FeedQuestion &question, std::optional<std::uint64_t> seen)
{
    const std::scoped_lock lock(mutex_);
    seat->news.reset();
    put(question, seat, seen);
}

/* Parks the reader if nothing has changed since, else lets it read. */
void FeedHub::put(const FeedQuestion &question, std::shared_ptr<Seat> seat, std::optional<std::uint64_t> seen)
{
    if (seen == state_number_) {
        parked_.push_back({question, std::move(seat)});
        has_parked_.notify_one();
        return;
    }
    const auto [group, is_new] = groups_.try_emplace(question);
    group->second.push_back(std::move(seat));
    if (!is_new) return;
    order_.push_back(question);
    has_question_.notify_one();
}

void FeedHub::leave(const std::shared_ptr<Seat> &seat) noexcept
{
    const std::scoped_lock lock(mutex_);
    --readers_;
    seat->wake = nullptr; // a page that is being read for it finds nobody
    std::erase_if(parked_, [&](const Parked &parked) { return parked.seat == seat; });
    for (auto &[question, seats] : groups_) std::erase_if(seats, [&](const auto &other) { return other == seat; });
    std::erase_if(order_, [&](const FeedQuestion &question) { return groups_.at(question).empty(); });
    std::erase_if(groups_, [](const auto &group) { return group.second.empty(); });
}

void FeedHub::read_pages(const std::stop_token &stop, std::size_t thread)
{
    std::unique_lock lock(mutex_);
    while (has_question_.wait(lock, stop, [&] { return !order_.empty(); })) {
        const FeedQuestion question = std::move(order_.front());
        order_.pop_front();
        const Seats seats = std::move(groups_.extract(question).mapped());
        const std::uint64_t state = state_number_;
        lock.unlock();
        auto news = std::make_shared<FeedNews>(read_(thread, question));
        news->state = state;
        observe_(event::FeedPageRead{.feed = question.feed, .items = news->items, .readers = seats.size()});
        lock.lock();
        deliver(question, seats, news);
    }
}

void FeedHub::deliver(const FeedQuestion &question, const Seats &seats, const std::shared_ptr<const FeedNews> &news)
{
    const bool is_new = news->refusal || news->items > 0 || news->next != question.after;
    for (const std::shared_ptr<Seat> &seat : seats) {
        if (!seat->wake) continue;
        if (seat->waits && !is_new) {
            put(question, seat, news->state);
            continue;
        }
        seat->news = news;
        seat->wake();
    }
}

void FeedHub::watch(const std::stop_token &stop)
{
    std::unique_lock lock(mutex_);
    while (has_parked_.wait(lock, stop, [&] { return !parked_.empty(); })) {
        lock.unlock();
        std::optional<std::string> state = watch_();
        lock.lock();
        if (state && *state != state_) {
            state_ = std::move(*state);
            ++state_number_;
            for (Parked &parked : std::exchange(parked_, {}))
                put(parked.question, std::move(parked.seat), std::nullopt);
        }
        has_parked_.wait_for(lock, stop, state ? options_.interval : options_.pause, [] { return false; });
    }
}

void FeedHub::Reader::start(std::function<void()> wake)
{
    const std::scoped_lock lock(hub_.mutex_);
    seat_->wake = std::move(wake);
}

void FeedHub::Reader::await(const FeedQuestion &question, std::optional<std::uint64_t> seen)
{
    {
        const std::scoped_lock lock(hub_.mutex_);
        seat_->waits = true;
    }
    hub_.ask(seat_, question, seen);
}

std::shared_ptr<const FeedNews> FeedHub::Reader::take()
{
    const std::scoped_lock lock(hub_.mutex_);
    return std::exchange(seat_->news, nullptr);
}

} // namespace analytics::http
