/* One client's connection: a state machine that never waits. The listener's loop reports that the socket is ready or
 * that a deadline has passed. The connection reads whole requests and answers them in their order. Its state says what
 * it waits for:
 *
 *     receiving → ready → sending → receiving … → lingering → ended
 *                  ready → waiting → sending → waiting …
 *
 * The loop begins a request that has arrived completely. It answers the request at once, hands it to a worker
 * (task.hpp), or waits for news of its source (source.hpp). Only the loop waits for clients, so a slow client costs its
 * buffers and nothing else.
 *
 * Each wait has a deadline: for the next request (idle); for the whole of a request, from its first byte, so that a
 * client that sends byte by byte gains nothing; for the client to receive the response, or anything of a part; for the
 * source; and for the client to read the last response before the connection is closed (lingering).
 *
 * The loop owns a connection. While a worker runs its task, or another's whose response it gets, only the worker
 * touches it. */
#pragma once

#include "budget.hpp"
#include "file_descriptor.hpp"
#include "gzip.hpp"
#include "head.hpp"
#include "responder.hpp"

#include "../../runtime/observe.hpp"
#include "../../runtime/trace.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>

namespace analytics::http {

struct ConnectionLimits {
    HeadLimits head;
    std::chrono::milliseconds idle{15'000};    // between two requests: above the usual polling of a dashboard
    std::chrono::milliseconds receive{10'000}; // for a whole request, from its first byte
    std::chrono::milliseconds send{10'000};    // for a whole response
    std::chrono::milliseconds linger{2'000};   // for the client to read its last response
    std::size_t small = 65'536;                // bytes: so much is received and sent even when the budget is exceeded
};

class Connection {
public:
    using Clock = std::chrono::steady_clock;

    enum class State : std::uint8_t { receiving, ready, waiting, sending, lingering, ended };

    /** stop: after it was requested, each response is the connection's last. wake: makes the loop call on_wake, and may
     * be called on any thread. */
    Connection(FileDescriptor socket, const Responder &responder, const ConnectionLimits &limits, Budget &budget,
               runtime::Observer &observe, std::stop_token stop, std::function<void()> wake);

    [[nodiscard]] int fd() const noexcept { return socket_.get(); }
    [[nodiscard]] State state() const noexcept { return state_; }
    [[nodiscard]] Clock::time_point deadline() const noexcept { return deadline_; }
    /** When it entered its state. */
    [[nodiscard]] Clock::time_point since() const noexcept { return since_; }
    /** Between two requests, or before the first. */
    [[nodiscard]] bool is_idle() const noexcept { return state_ == State::receiving && !has_begun_; }
    [[nodiscard]] bool is_new() const noexcept { return is_new_; }
    /** Its answer waits for news, or goes on. */
    [[nodiscard]] bool has_source() const noexcept { return source_ != nullptr; }
    /** The bytes of the budget that it holds. */
    [[nodiscard]] std::size_t held() const noexcept { return share_.size(); }
    [[nodiscard]] bool holds_much() const noexcept { return held() > limits_.small; }
    /** Whether a response did not fit into the budget and a refusal was sent instead, since the last call. */
    [[nodiscard]] bool take_denial() noexcept { return std::exchange(was_denied_, false); }

    /** The socket can be read or, in state sending, written; in state waiting the client is gone. */
    void on_ready();
    /** Also called when the service is to stop while has_source. */
    void on_deadline();
    /** Its source has something. */
    void on_wake();
    /** Answers the request that is ready, or waits for its source; false: a worker has to run the task. */
    bool begin();
    [[nodiscard]] bool has_probe() const noexcept { return task_ && task_->is_probe(); }
    [[nodiscard]] std::string_view question() const noexcept { return task_ ? task_->question() : std::string_view(); }
    [[nodiscard]] bool takes_gzip() const noexcept { return http::takes_gzip(request_.accept_encoding); }
    /** Runs the task, on a worker's thread. The response is for each connection whose task has the same question. */
    [[nodiscard]] Response run(std::size_t worker);
    /** Answers in place of its task, on the worker's thread. */
    void answer(Response response);
    /** Answers that no worker became free in time. */
    void give_up();
    /** Answers with a problem, after which the connection ends. */
    void refuse(const Problem &problem);
    void end() noexcept { state_ = State::ended; }

private:
    void receive();
    void advance();
    bool begin_request();
    bool take_head();
    std::string take(std::size_t size);
    template <class Make> void finish(Make make);
    void conclude(Response &response);
    void go_on();
    void send_part(std::shared_ptr<const std::string> bytes);
    void send(Response response, bool is_last);
    void flush();
    void linger();
    void discard();
    void enter(State state, std::chrono::milliseconds patience);
    void count_held();
    bool has_room_for(const Response &response);
    void report(const Response &response);

    FileDescriptor socket_;
    const Responder &responder_;
    const ConnectionLimits &limits_;
    runtime::Observer &observe_;
    Budget::Share share_;
    std::stop_token stop_;
    std::function<void()> wake_;

    State state_ = State::receiving;
    Clock::time_point since_;
    Clock::time_point deadline_;
    Clock::time_point begun_; // when the first byte of the request came
    bool is_new_ = true;

    std::string buffer_;          // received, not yet part of a request
    std::size_t empty_lines_ = 0; // before the next request
    bool has_begun_ = false;      // the first byte of a request came
    std::size_t seen_ = 0;        // bytes of buffer_ in which no head ends
    bool has_head_ = false;
    std::string head_bytes_; // what head_ points into
    Head head_;
    std::string body_;
    Request request_; // of head_ and body_
    runtime::Span span_;
    std::unique_ptr<Task> task_;
    std::unique_ptr<Source> source_;

    std::string output_head_; // to be sent before the content, which is one of these
    std::string output_body_;
    std::shared_ptr<const std::string> output_part_; // of an answer that goes on
    std::string_view output_asset_;
    std::shared_ptr<const void> output_shared_; // what the asset is of
    std::size_t sent_ = 0;                      // of both
    bool is_last_ = false;
    bool was_denied_ = false;
};

} // namespace analytics::http
