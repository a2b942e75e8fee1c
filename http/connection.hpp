/* One client's connection: a machine that never waits. The listener's loop tells it that its socket is ready or its time
 * is up; it reads requests whole, answers them in their order, and says by its state what it is waiting for.
 *
 *     receiving → ready → (a worker: serve) → sending → receiving … → lingering → ended
 *
 * Only a worker that has a whole request in hand computes, and nobody waits for a client but the loop, so slow clients
 * cost their buffers and nothing else. Everything has an end: the next request (idle), the rest of a request once its
 * first byte came (counted from there, so a client that trickles gains nothing), the client's taking the answer, and
 * its reading a last one before the connection would be reset under it (lingering).
 *
 * Owned by the loop; while ready, it is the worker's alone. */
#pragma once

#include "budget.hpp"
#include "head.hpp"
#include "responder.hpp"

#include "../runtime/observe.hpp"

#include <chrono>
#include <functional>
#include <string>
#include <utility>

namespace analytics::http {

/** A socket's owner. */
class Socket {
public:
    explicit Socket(int fd) noexcept : fd_(fd) {}
    ~Socket();
    Socket(Socket &&other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Socket &operator=(Socket &&other) noexcept
    {
        std::swap(fd_, other.fd_);
        return *this;
    }

    [[nodiscard]] int fd() const noexcept { return fd_; }

private:
    int fd_;
};

struct ConnectionLimits {
    HeadLimits head;
    std::chrono::milliseconds idle{15'000};    // between two requests: above the usual polling of a dashboard
    std::chrono::milliseconds receive{10'000}; // of a whole request, from its first byte
    std::chrono::milliseconds send{10'000};    // of a whole answer
    std::chrono::milliseconds linger{2'000};   // after a last answer, for the client to read it
    std::size_t small = 65'536;                // bytes: received, and answered, even when the budget is used up
};

class Connection {
public:
    using Clock = std::chrono::steady_clock;

    enum class State : std::uint8_t { receiving, ready, sending, lingering, ended };

    Connection(Socket socket, const Responder &responder, const ConnectionLimits &limits, Budget &budget,
               runtime::Observer &observe);

    [[nodiscard]] int fd() const noexcept { return socket_.fd(); }
    [[nodiscard]] State state() const noexcept { return state_; }
    [[nodiscard]] Clock::time_point deadline() const noexcept { return deadline_; }
    /** Since when it does what it does. */
    [[nodiscard]] Clock::time_point since() const noexcept { return since_; }
    /** Between two requests, or before the first. */
    [[nodiscard]] bool is_idle() const noexcept { return state_ == State::receiving && !has_begun_; }
    [[nodiscard]] bool is_new() const noexcept { return is_new_; }
    /** Bytes of the budget that it holds. */
    [[nodiscard]] std::size_t held() const noexcept { return share_.size(); }
    [[nodiscard]] bool holds_much() const noexcept { return held() > limits_.small; }
    /** The last answer was too much for the budget, and a refusal was sent instead. */
    [[nodiscard]] bool was_denied() const noexcept { return was_denied_; }

    /** The socket can be read, or written when it is sending. */
    void on_ready();
    void on_deadline();
    /** Answers the request that is ready. is_last: whether no other is wanted, asked when the answer is known. */
    void serve(const std::function<bool()> &is_last);
    /** Answers instead of going on, and ends. */
    void refuse(const Problem &problem);
    void end() noexcept { state_ = State::ended; }

private:
    void receive();
    void advance();
    bool begin_request();
    bool take_head();
    std::string take(std::size_t size);
    void send(std::string_view method, Answer answer, bool is_last);
    void flush();
    void linger();
    void discard();
    void enter(State state, std::chrono::milliseconds patience);
    void count_held();
    bool has_room_for(const Answer &answer);
    void report(std::string_view method, const Answer &answer);

    Socket socket_;
    const Responder &responder_;
    const ConnectionLimits &limits_;
    runtime::Observer &observe_;
    Budget::Share share_;

    State state_ = State::receiving;
    Clock::time_point since_;
    Clock::time_point deadline_;
    Clock::time_point begun_; // the request in hand
    bool is_new_ = true;

    std::string buffer_;          // received, not yet taken
    std::size_t empty_lines_ = 0; // before the request that is to come
    bool has_begun_ = false;      // something of a request is there
    std::size_t seen_ = 0;        // of buffer_, without the end of a head in it
    bool has_head_ = false;
    std::string head_bytes_; // what head_ points into
    Head head_;
    std::string body_;

    std::string output_head_; // to be sent, and then the content: output_body_, or what all share
    std::string output_body_;
    std::string_view output_asset_;
    std::size_t sent_ = 0; // of both
    bool is_last_ = false;
    bool was_denied_ = false;
};

} // namespace analytics::http
