#include "connection.hpp"

#include "../runtime/trace.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace analytics::http {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds slice{200};   // how late a stop or a crowd may be noticed
constexpr std::chrono::milliseconds grace{1'000}; // for the first request of a connection, crowd or not
constexpr std::size_t chunk = 16'384;
constexpr std::size_t max_told_method = 16;

int left(Clock::time_point deadline)
{
    const auto rest = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    return static_cast<int>(std::clamp<std::int64_t>(rest, 0, std::numeric_limits<int>::max()));
}

/** False: the deadline passed. */
bool is_ready(int fd, short events, Clock::time_point deadline)
{
    pollfd waiting{fd, events, 0};
    for (;;) {
        if (poll(&waiting, 1, left(deadline)) > 0) return true;
        if (Clock::now() >= deadline) return false;
    }
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

Connection::Connection(Socket socket, Engine &engine, const ConnectionLimits &limits, runtime::Observer &observe,
                       std::function<bool()> is_wanted)
    : socket_(std::move(socket)), engine_(engine), limits_(limits), observe_(observe), is_wanted_(std::move(is_wanted))
{
}

void Connection::serve()
{
    for (bool is_first = true; await_request(is_first) && serve_request(); is_first = false) {
    }
}

bool Connection::await_request(bool is_first)
{
    if (!buffer_.empty()) return true;
    const Clock::time_point begin = Clock::now();
    while (!is_ready(socket_.fd(), POLLIN, Clock::now() + slice)) {
        const auto waited = Clock::now() - begin;
        if (waited >= limits_.idle) return false;
        if (!is_wanted_() && !(is_first && waited < grace)) return false;
    }
    return true;
}

bool Connection::serve_request()
{
    const Clock::time_point begin = Clock::now();
    const Clock::time_point deadline = begin + limits_.receive;

    std::size_t size = 0;
    if (const std::optional<Problem> problem = receive_head(deadline, size)) return refuse(*problem, begin);
    if (size == 0) return false;
    const std::string bytes = take(size);
    const std::variant<Head, Problem> reading = read_head(bytes, limits_.head);
    if (const Problem *problem = std::get_if<Problem>(&reading)) return refuse(*problem, begin);
    const Head &head = std::get<Head>(reading);
    const runtime::Work work = work_of(head);
    const runtime::Tracing tracing(work);

    if (head.expects_continue && buffer_.empty() && !send("HTTP/1.1 100 Continue\r\n\r\n")) return false;
    if (const std::optional<Problem> problem = receive_body(deadline, head.content_length))
        return refuse(*problem, begin);
    std::string body = take(head.content_length);

    const Reply reply = engine_.respond(head, std::move(body), [&] { return head.is_last || !is_wanted_(); });
    const bool is_sent = send(reply.bytes);
    tell(head.method, reply, begin);
    if (is_sent && reply.is_last && !buffer_.empty()) linger();
    return is_sent && !reply.is_last;
}

std::string Connection::take(std::size_t size)
{
    if (size == buffer_.size()) return std::exchange(buffer_, {});
    std::string taken = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return taken;
}

Connection::Received Connection::receive(Clock::time_point deadline)
{
    std::array<char, chunk> bytes; // NOLINT(cppcoreguidelines-pro-type-member-init): recv fills it
    for (;;) {
        if (!is_ready(socket_.fd(), POLLIN, deadline)) return Received::too_late;
        const ssize_t count = recv(socket_.fd(), bytes.data(), bytes.size(), MSG_DONTWAIT);
        if (count > 0) {
            buffer_.append(bytes.data(), static_cast<std::size_t>(count));
            return Received::bytes;
        }
        if (count == 0 || (errno != EINTR && errno != EAGAIN)) return Received::end;
    }
}

/* size stays 0 when the client left between two requests, or in a head: nobody is there to be told. */
std::optional<Problem> Connection::receive_head(Clock::time_point deadline, std::size_t &size)
{
    for (;;) {
        while (buffer_.starts_with("\r\n")) buffer_.erase(0, 2); // RFC 9112, 2.2: some clients end a body so
        size = head_size(buffer_);
        if (size > limits_.head.max_bytes || (size == 0 && buffer_.size() > limits_.head.max_bytes)) {
            if (buffer_.find('\n') > limits_.head.max_bytes)
                return Problem{.status = 414, .detail = "the request target is too long"};
            return Problem{.status = 431, .detail = "the head of the request is too long"};
        }
        if (size > 0) return std::nullopt;
        const Received received = receive(deadline);
        if (received == Received::end) return std::nullopt;
        if (received == Received::too_late) return Problem{.status = 408, .detail = "the request took too long"};
    }
}

std::optional<Problem> Connection::receive_body(Clock::time_point deadline, std::uint64_t size)
{
    while (buffer_.size() < size) {
        const Received received = receive(deadline);
        if (received == Received::end)
            return Problem{.status = 400, .detail = "the body is shorter than Content-Length"};
        if (received == Received::too_late) return Problem{.status = 408, .detail = "the request took too long"};
    }
    return std::nullopt;
}

bool Connection::send(std::string_view bytes)
{
    const Clock::time_point deadline = Clock::now() + limits_.send;
    while (!bytes.empty()) {
        const ssize_t count = ::send(socket_.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count > 0)
            bytes.remove_prefix(static_cast<std::size_t>(count));
        else if ((errno != EINTR && errno != EAGAIN) || !is_ready(socket_.fd(), POLLOUT, deadline))
            return false;
    }
    return true;
}

bool Connection::refuse(const Problem &problem, Clock::time_point begin)
{
    const Reply reply = engine_.refuse(answer(problem));
    const bool is_sent = send(reply.bytes);
    tell("-", reply, begin);
    if (is_sent) linger();
    return false;
}

/* What the client still sends is thrown away until it has seen the answer: closing with bytes unread would reset the
 * connection, and the answer with it. */
void Connection::linger()
{
    shutdown(socket_.fd(), SHUT_WR);
    const Clock::time_point deadline = Clock::now() + limits_.linger;
    do buffer_.clear();
    while (receive(deadline) == Received::bytes);
}

void Connection::tell(std::string_view method, const Reply &reply, Clock::time_point begin)
{
    using runtime::Event;
    const std::chrono::duration<double, std::milli> duration = Clock::now() - begin;
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
