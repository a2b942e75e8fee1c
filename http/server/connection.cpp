#include "connection.hpp"

#include "../../extension/core/text/ascii.hpp"
#include "response_head.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>

namespace analytics::http {

namespace {

constexpr std::size_t chunk = 16'384;
constexpr int max_chunks = 16;               // of one client in one turn of the loop
constexpr std::size_t most_at_once = 32'768; // bytes: the kernel holds so much for a client that reads nothing
constexpr std::size_t max_reported_method = 16;
constexpr std::size_t max_empty_lines = 16; // before a request: RFC 9112, 2.2, asks for one
constexpr unsigned vanished_after = 30'000; // milliseconds without an acknowledgement
constexpr std::string_view may_continue = "HTTP/1.1 100 Continue\r\n\r\n";

bool would_wait(int error) noexcept
{
    return error == EAGAIN || error == EINTR;
}

/* The request's span: a child of the caller's span if the request names one. */
runtime::Span span_of(const Head &head)
{
    const auto parent = runtime::read_traceparent(head.traceparent);
    return {.context = runtime::new_span(parent), .parent_id = parent ? parent->span_id : std::string()};
}

Request request_of(const Head &head, std::string_view body)
{
    return {.method = head.method,
            .path = head.path(),
            .query = head.query(),
            .content_type = head.content_type,
            .body = body,
            .accept = head.accept,
            .accept_encoding = head.accept_encoding,
            .if_none_match = head.if_none_match,
            .origin = head.origin,
            .requested_method = head.requested_method,
            .authorization = head.authorization,
            .authority = head.authority,
            .fetch_site = head.fetch_site,
            .last_event_id = head.last_event_id};
}

iovec piece(std::string_view bytes, std::size_t from, std::size_t most = std::string_view::npos)
{
    bytes = bytes.substr(std::min(from, bytes.size()), most);
    return {.iov_base = const_cast<char *>(bytes.data()), .iov_len = bytes.size()}; // NOLINT: it is only read
}

} // namespace

Connection::Connection(FileDescriptor socket, const Responder &responder, const ConnectionLimits &limits,
                       Budget &budget, runtime::Observer &observe, std::stop_token stop, std::function<void()> wake)
    : socket_(std::move(socket)), responder_(responder), limits_(limits), observe_(observe), share_(budget),
      stop_(std::move(stop)), wake_(std::move(wake))
{
    enter(State::receiving, limits_.idle);
}

void Connection::enter(State state, std::chrono::milliseconds patience)
{
    state_ = state;
    since_ = Clock::now();
    deadline_ = since_ + patience;
}

/* To be called after each change of a buffer. Assets of static storage don't count. What else is shared counts as if it
 * were not: the last who holds it alone is a slow client. */
void Connection::count_held()
{
    share_.resize(buffer_.size() + head_bytes_.size() + body_.size() + output_head_.size() + output_body_.size() +
                  (output_part_ ? output_part_->size() : 0) + (output_shared_ ? output_asset_.size() : 0));
}

/* A small response is sent in any case, for a refusal is a response too. */
bool Connection::has_room_for(const Response &response)
{
    const std::size_t size = response.shared ? response.asset.size() : response.body.size();
    return share_.resize(buffer_.size() + head_bytes_.size() + size) || size <= limits_.small;
}

void Connection::on_ready()
{
    if (state_ == State::receiving)
        receive();
    else if (state_ == State::sending)
        flush();
    else if (state_ == State::lingering)
        discard();
    else if (state_ == State::waiting)
        end();
}

void Connection::on_wake()
{
    if (state_ == State::waiting) go_on();
}

void Connection::on_deadline()
{
    if (state_ == State::waiting)
        go_on();
    else if (state_ == State::receiving && !is_idle())
        refuse({.status = 408, .detail = "the request took too long"});
    else
        end();
}

void Connection::receive()
{
    std::array<char, chunk> bytes; // NOLINT(cppcoreguidelines-pro-type-member-init): recv fills it
    for (int count = 0; count < max_chunks && state_ == State::receiving; ++count) {
        const ssize_t size = recv(fd(), bytes.data(), bytes.size(), MSG_DONTWAIT);
        if (size < 0 && would_wait(errno)) return;
        if (size <= 0) { // between two requests or in a head nobody waits for a response
            if (size == 0 && has_head_)
                refuse({.status = 400, .detail = "the body is shorter than Content-Length"});
            else
                end();
            return;
        }
        buffer_.append(bytes.data(), static_cast<std::size_t>(size));
        advance();
        count_held();
    }
}

/* Goes on as far as the received bytes allow. */
void Connection::advance()
{
    if (!has_begun_ && !begin_request()) return;
    if (!has_head_ && !take_head()) return;
    if (buffer_.size() < head_.content_length) return;
    body_ = take(head_.content_length);
    state_ = State::ready;
}

/* Some clients end a body with an empty line (RFC 9112, 2.2). Empty lines before a request are dropped: they neither
 * begin it nor extend its deadline. False: nothing else has come. */
bool Connection::begin_request()
{
    std::size_t empty = 0;
    while (buffer_.compare(empty, 2, "\r\n") == 0) empty += 2;
    buffer_.erase(0, empty);
    empty_lines_ += empty / 2;
    if (empty_lines_ > max_empty_lines) {
        refuse({.status = 400, .detail = "there are too many empty lines before the request"});
        return false;
    }
    if (buffer_.empty() || buffer_ == "\r") return false;
    enter(State::receiving, limits_.receive);
    begun_ = since_;
    has_begun_ = true;
    is_new_ = false;
    return true;
}

/* False: the head has not come completely, or was refused. */
bool Connection::take_head()
{
    const std::size_t size = head_size(buffer_, seen_);
    seen_ = buffer_.size();
    if (size > limits_.head.max_bytes || (size == 0 && buffer_.size() > limits_.head.max_bytes)) {
        if (buffer_.find('\n') > limits_.head.max_bytes)
            refuse({.status = 414, .detail = "the request target is too long"});
        else
            refuse({.status = 431, .detail = "the head of the request is too long"});
        return false;
    }
    if (size == 0) return false;
    head_bytes_ = take(size);
    HeadResult reading = read_head(head_bytes_, limits_.head);
    head_ = std::move(reading.head);
    has_head_ = true;
    if (reading.problem) {
        refuse(*reading.problem);
        return false;
    }
    // Nothing is being sent on this socket, so the kernel has room for so few bytes.
    if (head_.expects_continue && buffer_.empty())
        ::send(fd(), may_continue.data(), may_continue.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return true;
}

std::string Connection::take(std::size_t size)
{
    if (size == buffer_.size()) return std::exchange(buffer_, {});
    std::string taken = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return taken;
}

bool Connection::begin()
{
    request_ = request_of(head_, body_);
    span_ = span_of(head_);
    Begun begun;
    {
        const runtime::SpanScope scope(span_);
        begun = responder_.begin(request_);
    }
    if (auto *task = std::get_if<std::unique_ptr<Task>>(&begun)) {
        task_ = std::move(*task);
        return false;
    }
    if (auto *source = std::get_if<std::unique_ptr<Source>>(&begun)) {
        source_ = std::move(*source);
        source_->start(wake_);
        go_on();
        return true;
    }
    finish([&] { return std::get<Response>(std::move(begun)); });
    return true;
}

Response Connection::run(std::size_t worker)
{
    const runtime::SpanScope scope(span_);
    return task_->run(worker);
}

void Connection::answer(Response response)
{
    finish([&] { return std::move(response); });
}

void Connection::give_up()
{
    finish([&] { return task_->give_up(); });
}

/* The span ends before the response is sent: what happens while sending may already belong to the next request. */
template <class Make> void Connection::finish(Make make)
{
    Response response;
    {
        const runtime::SpanScope scope(span_);
        response = responder_.finish(request_, make());
        conclude(response);
    }
    const bool is_last = head_.is_last || response.goes_on || stop_.stop_requested();
    send(std::move(response), is_last);
}

/* Sends what the source has, or waits for it. */
void Connection::go_on()
{
    Part part = stop_.stop_requested() ? source_->last() : source_->next();
    if (part.head) return finish([&] { return std::move(*part.head); });
    if (part.bytes) return send_part(std::move(part.bytes));
    if (part.is_end) {
        source_.reset();
        return linger();
    }
    enter(State::waiting, {});
    deadline_ = source_->deadline();
}

void Connection::send_part(std::shared_ptr<const std::string> bytes)
{
    output_part_ = std::move(bytes);
    sent_ = 0;
    count_held();
    if (share_.is_over_budget() && output_part_->size() > limits_.small) {
        was_denied_ = true;
        return end();
    }
    enter(State::sending, limits_.send);
    flush();
}

/* Replaces the response by a refusal if it exceeds the budget. */
void Connection::conclude(Response &response)
{
    task_.reset();
    body_ = {};
    request_.body = {};
    if (!has_room_for(response)) {
        was_denied_ = true;
        const std::string_view route = response.route;
        response = responder_.refuse(
            {.status = 503, .detail = "answers that clients have not read take too much memory", .retry_after = 1},
            request_);
        response.route = route;
    }
    report(response);
    if (!response.goes_on)
        source_.reset();
    else // a client that vanishes without a word shall not keep its place for long
        setsockopt(fd(), IPPROTO_TCP, TCP_USER_TIMEOUT, &vanished_after, sizeof vanished_after);
}

void Connection::refuse(const Problem &problem)
{
    task_.reset();
    source_.reset();
    if (is_idle()) begun_ = Clock::now();
    if (!has_head_)
        head_ = read_head(head_bytes_ = std::exchange(buffer_, {}), limits_.head).head; // as much of it as came
    Response response = responder_.refuse(problem, request_of(head_, {}));
    report(response);
    send(std::move(response), true);
}

void Connection::send(Response response, bool is_last)
{
    const bool is_whole = head_.method != "HEAD" && has_content(response.status);
    is_last_ = is_last;
    output_head_ = response_head(response, is_last);
    output_asset_ = is_whole ? response.asset : std::string_view{};
    output_shared_ = is_whole ? std::move(response.shared) : nullptr;
    output_body_ = is_whole && response.asset.empty() ? std::move(response.body) : std::string();
    sent_ = 0;
    has_begun_ = false;
    has_head_ = false;
    head_ = {};
    head_bytes_ = {};
    seen_ = 0;
    empty_lines_ = 0;
    count_held();
    enter(State::sending, limits_.send);
    flush();
}

void Connection::flush()
{
    const std::string_view content = output_part_            ? std::string_view(*output_part_)
                                     : output_asset_.empty() ? std::string_view(output_body_)
                                                             : output_asset_;
    while (sent_ < output_head_.size() + content.size()) {
        const std::size_t of_content = sent_ - std::min(sent_, output_head_.size());
        std::array<iovec, 2> pieces{piece(output_head_, sent_), piece(content, of_content, most_at_once)};
        const msghdr message{.msg_name = nullptr,
                             .msg_namelen = 0,
                             .msg_iov = pieces.data(),
                             .msg_iovlen = pieces.size(),
                             .msg_control = nullptr,
                             .msg_controllen = 0,
                             .msg_flags = 0};
        const ssize_t size = sendmsg(fd(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (size < 0 && would_wait(errno)) return;
        if (size < 0) return end();
        sent_ += static_cast<std::size_t>(size);
        if (source_ && size > 0) deadline_ = Clock::now() + limits_.send; // it may read slowly, as long as it reads
    }
    output_head_ = {};
    output_body_ = {};
    output_asset_ = {};
    output_shared_ = {};
    output_part_ = {};
    count_held();
    if (source_) return go_on();
    if (is_last_) return linger();
    enter(State::receiving, limits_.idle);
    if (!buffer_.empty()) advance();
}

/* What the client still sends is discarded until it has read the response. Closing a socket with unread bytes would
 * reset the connection, and the client would lose the response. */
void Connection::linger()
{
    shutdown(fd(), SHUT_WR);
    buffer_ = {};
    body_ = {};
    count_held();
    enter(State::lingering, limits_.linger);
}

void Connection::discard()
{
    std::array<char, chunk> bytes; // NOLINT(cppcoreguidelines-pro-type-member-init): recv fills it
    for (int count = 0; count < max_chunks; ++count) {
        const ssize_t size = recv(fd(), bytes.data(), bytes.size(), MSG_DONTWAIT);
        if (size < 0 && would_wait(errno)) return;
        if (size <= 0) return end();
    }
}

void Connection::report(const Response &response)
{
    const std::string_view method = head_.method;
    const bool is_plain = !method.empty() && method.size() <= max_reported_method &&
                          std::all_of(method.begin(), method.end(), core::is_alphanumeric);
    const std::chrono::duration<double, std::milli> duration = Clock::now() - begun_;
    observe_(event::RequestServed{.method = is_plain ? method : "-",
                                  .route = response.route,
                                  .status = response.status,
                                  .milliseconds = duration.count(),
                                  .bytes = has_content(response.status) ? response.content().size() : 0});
    if (!response.cause.empty())
        observe_(event::RequestFailed{.route = response.route,
                                      .status = response.status,
                                      .sqlstate = response.sqlstate,
                                      .message = response.cause});
}

} // namespace analytics::http
