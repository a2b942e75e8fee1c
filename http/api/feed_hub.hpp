/* What readers of feeds wait at. None of them has a worker or a database session while it waits.
 *
 *     ask → asked → (a thread reads the page) → the reader is woken
 *             ↑              ↓ nothing new
 *          (the state has changed) ← parked
 *
 * Readers that ask for the same page share one reading of it, and its bytes. They may share it only if it begins after
 * the last of them has asked: so a group is closed when its reading begins, and who asks later makes another group.
 *
 * One watcher asks the database for its state, some times a second, and only while a reader is parked. A number that
 * grows with each change of the state decides whether a page was read before it or after: a reader whose page began at
 * an older number is not parked, but reads again. */
#pragma once

#include "../../runtime/observe.hpp"
#include "../../runtime/throttle.hpp"
#include "../server/message.hpp"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

namespace analytics::http {

/** Which page a reader wants. Equal questions have the same answer. */
struct FeedQuestion {
    std::string feed;
    std::optional<std::string> after = {};
    std::string tenant = {};
    bool is_admin = false;
    int max_rows = 0;
    bool is_stream = false; // for Server-Sent Events, in smaller pages

    friend bool operator<(const FeedQuestion &one, const FeedQuestion &other) noexcept
    {
        const auto members = [](const FeedQuestion &of) {
            return std::tie(of.feed, of.after, of.tenant, of.is_admin, of.max_rows, of.is_stream);
        };
        return members(one) < members(other);
    }
};

/** A page as its readers receive it, or why there is none. */
struct FeedNews {
    std::string bytes = {};
    std::size_t items = 0;
    std::optional<std::string> next = {};
    std::optional<Response> refusal = {};
    std::uint64_t state = 0; // the number of the state at which the reading began
};

struct FeedHubOptions {
    std::size_t threads = 2; // that read pages, each with a database session
    std::size_t max_readers = 256;
    std::chrono::milliseconds interval{100}; // of the watcher
    std::chrono::milliseconds pause{1'000};  // of the watcher while the database is away
};

/** How the hub is used at one moment. */
struct FeedHubUse {
    std::size_t readers = 0;
    std::size_t max_readers = 0;
};

class FeedHub {
public:
    /** Reads a page, on a thread from 0; throws nothing. */
    using Read = std::function<FeedNews(std::size_t thread, const FeedQuestion &)>;
    /** The database's state, on a thread of its own; nothing: the database is away. Throws nothing. */
    using Watch = std::function<std::optional<std::string>()>;

    class Reader;

    FeedHub(FeedHubOptions options, Read read, Watch watch, runtime::Observer &observe);
    FeedHub(const FeedHub &) = delete;
    FeedHub &operator=(const FeedHub &) = delete;

    /** Nothing: there are as many as may be. */
    [[nodiscard]] std::unique_ptr<Reader> admit();
    [[nodiscard]] FeedHubUse use() const;

private:
    struct Seat {
        std::function<void()> wake = {};
        std::shared_ptr<const FeedNews> news = {};
        bool waits = false; // for something new: it is not woken for less
    };
    using Seats = std::vector<std::shared_ptr<Seat>>;

    struct Parked {
        FeedQuestion question;
        std::shared_ptr<Seat> seat;
    };

    void ask(const std::shared_ptr<Seat> &seat, const FeedQuestion &question, std::optional<std::uint64_t> seen);
    void put(const FeedQuestion &question, std::shared_ptr<Seat> seat, std::optional<std::uint64_t> seen);
    void leave(const std::shared_ptr<Seat> &seat) noexcept;
    void read_pages(const std::stop_token &stop, std::size_t thread);
    void deliver(const FeedQuestion &question, const Seats &seats, const std::shared_ptr<const FeedNews> &news);
    void watch(const std::stop_token &stop);

    FeedHubOptions options_;
    Read read_;
    Watch watch_;
    runtime::Observer &observe_;

    mutable std::mutex mutex_; // of what follows
    std::condition_variable_any has_question_;
    std::condition_variable_any has_parked_;
    std::map<FeedQuestion, Seats> groups_; // whose reading has not begun
    std::deque<FeedQuestion> order_;       // of the groups
    std::vector<Parked> parked_;
    std::uint64_t state_number_ = 0;
    std::string state_;
    std::size_t readers_ = 0;
    runtime::Throttle overloads_{std::chrono::seconds(10)}; // in the log

    std::vector<std::jthread> threads_;
};

/** One reader, and its place among those that may be. */
class FeedHub::Reader {
public:
    explicit Reader(FeedHub &hub) : hub_(hub) {}
    ~Reader() { hub_.leave(seat_); }
    Reader(const Reader &) = delete;
    Reader &operator=(const Reader &) = delete;

    /** wake: called on a thread of the hub when there is something to take, and never after the reader's end. */
    void start(std::function<void()> wake);
    void ask(const FeedQuestion &question) { hub_.ask(seat_, question, std::nullopt); }
    /** Asks for a page that has something new: another position, or a refusal. seen: news after which the question is
     * the same, so it is known that there is nothing new at its state. */
    void await(const FeedQuestion &question, std::optional<std::uint64_t> seen);
    /** What was asked for last, once it is there. */
    [[nodiscard]] std::shared_ptr<const FeedNews> take();

private:
    FeedHub &hub_;
    std::shared_ptr<Seat> seat_ = std::make_shared<Seat>();
};

} // namespace analytics::http
