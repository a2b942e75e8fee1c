#include "connection.hpp"

#include "../runtime/trace.hpp"

#include <array>
#include <cerrno>
#include <sys/socket.h>
#include <unistd.h>

namespace analytics::http {

namespace {

constexpr std::size_t chunk = 16'384;
constexpr int max_chunks = 16; // in one turn of the loop: the others' turn comes
constexpr std::size_t max_told_method = 16;
constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";

bool would_wait(int error) noexcept
{
    return error == EAGAIN || error == EINTR;
}

/* The request as a span: its caller's child, when there is one to name. */
runtime::Work work_of(const Head &head)
{
    const auto parent = runtime::read_traceparent(head.traceparent);
    return {.name = runtime::new_span(parent), .parent_id = parent ? parent->span_id : std::string()};
}

} // namespace

Socket::~Socket()
{
    if (fd_ >= 0) close(fd_);
}

Connection::Connection(Socket socket, Engine &engine, const ConnectionLimits &limits, runtime::Observer &observe)
    : socket_(std::move(socket)), engine_(engine), limits_(limits), observe_(observe)
{
    enter(State::receiving, limits_.idle);
}

void Connection::enter(State state, std::chrono::milliseconds patience)
{
    state_ = state;
    since_ = Clock::now();
    deadline_ = since_ + patience;
}

void Connection::on_ready()
{
    if (state_ == State::receiving)
        receive();
    else if (state_ == State::sending)
        flush();
    else if (state_ == State::lingering)
        discard();
}

void Connection::on_deadline()
{
    if (state_ == State::receiving && !is_idle())
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
        if (size <= 0) { // left between two requests or in a head: nobody is there to be told
            if (size == 0 && has_head_)
                refuse({.status = 400, .detail = "the body is shorter than Content-Length"});
            else
                end();
            return;
        }
        if (is_idle()) begin_request();
        buffer_.append(bytes.data(), static_cast<std::size_t>(size));
        advance();
    }
}

void Connection::begin_request()
{
    enter(State::receiving, limits_.receive);
    begun_ = since_;
    is_new_ = false;
}

/* As far as the bytes that are there lead. */
void Connection::advance()
{
    if (!has_head_ && !take_head()) return;
    if (buffer_.size() < head_.content_length) return;
    body_ = take(head_.content_length);
    state_ = State::ready;
}

/* False: it is not there yet, or was refused. */
bool Connection::take_head()
{
    while (buffer_.starts_with("\r\n")) buffer_.erase(0, 2); // RFC 9112, 2.2: some clients end a body so
    const std::size_t size = head_size(buffer_);
    if (size > limits_.head.max_bytes || (size == 0 && buffer_.size() > limits_.head.max_bytes)) {
        if (buffer_.find('\n') > limits_.head.max_bytes)
            refuse({.status = 414, .detail = "the request target is too long"});
        else
            refuse({.status = 431, .detail = "the head of the request is too long"});
        return false;
    }
    if (size == 0) return false;
    head_bytes_ = take(size);
    std::variant<Head, Problem> reading = read_head(head_bytes_, limits_.head);
    if (const Problem *problem = std::get_if<Problem>(&reading)) {
        refuse(*problem);
        return false;
    }
    head_ = std::get<Head>(reading);
    has_head_ = true;
    // Nothing of ours is under way on this socket, so there is room for so little.
    if (head_.expects_continue && buffer_.empty())
        ::send(fd(), go_on.data(), go_on.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return true;
}

std::string Connection::take(std::size_t size)
{
    if (size == buffer_.size()) return std::exchange(buffer_, {});
    std::string taken = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return taken;
}

void Connection::serve(const std::function<bool()> &is_last)
{
    Reply reply = respond(is_last);
    has_head_ = false;
    send(std::move(reply));
}

/* The span ends here: what is sent afterwards may already belong to the next request. */
Reply Connection::respond(const std::function<bool()> &is_last)
{
    const runtime::Work work = work_of(head_);
    const runtime::Tracing tracing(work);
    Reply reply = engine_.respond(head_, std::exchange(body_, {}), [&] { return head_.is_last || is_last(); });
    tell(head_.method, reply);
    return reply;
}

void Connection::refuse(const Problem &problem)
{
    if (is_idle()) begun_ = Clock::now();
    Reply reply = engine_.refuse(answer(problem));
    tell("-", reply);
    send(std::move(reply));
}

void Connection::send(Reply reply)
{
    output_ = std::move(reply.bytes);
    sent_ = 0;
    is_last_ = reply.is_last;
    enter(State::sending, limits_.send);
    flush();
}

void Connection::flush()
{
    while (sent_ < output_.size()) {
        const ssize_t size = ::send(fd(), output_.data() + sent_, output_.size() - sent_, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (size < 0 && would_wait(errno)) return;
        if (size < 0) return end();
        sent_ += static_cast<std::size_t>(size);
    }
    output_ = {};
    if (is_last_) return linger();
    enter(State::receiving, limits_.idle);
    if (buffer_.empty()) return;
    begin_request();
    advance();
}

/* What the client still sends is thrown away until it has seen the answer: closing with bytes unread would reset the
 * connection, and the answer with it. */
void Connection::linger()
{
    shutdown(fd(), SHUT_WR);
    buffer_ = {};
    body_ = {};
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

void Connection::tell(std::string_view method, const Reply &reply)
{
    using runtime::Event;
    const std::chrono::duration<double, std::milli> duration = Clock::now() - begun_;
    observe_(Event::request_served, {{"method", method.size() <= max_told_method ? method : "-"},
                                     {"route", reply.route},
                                     {"status", reply.status},
                                     {"milliseconds", duration.count()},
                                     {"bytes", reply.body_size}});
    if (!reply.cause.empty())
        observe_(
            Event::request_failed,
            {{"route", reply.route}, {"status", reply.status}, {"sqlstate", reply.sqlstate}, {"message", reply.cause}});
}

} // namespace analytics::http
