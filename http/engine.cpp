#include "engine.hpp"

#include <algorithm>
#include <ctime>
#include <fmt/chrono.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace analytics::http {

struct Engine::Exchange {
    const Head *head = nullptr; // nothing: the answer is there already
    std::string body = {};
    Answer answer = {};
    std::function<bool()> ends = [] { return true; };
    bool is_last = true;
};

thread_local Engine::Exchange *Engine::in_hand = nullptr; // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

namespace {

constexpr int backlog = 1'024; // connections that wait for accept(); the library's own is 5

/** In memory: the request line to read, the answer written. */
class Memory final : public httplib::Stream {
public:
    explicit Memory(std::string_view input) : input_(input) {}

    [[nodiscard]] bool is_readable() const override { return !input_.empty(); }
    [[nodiscard]] bool is_writable() const override { return true; }
    ssize_t read(char *into, std::size_t size) override
    {
        const std::size_t taken = input_.copy(into, size);
        input_.remove_prefix(taken);
        return static_cast<ssize_t>(taken);
    }
    ssize_t write(const char *bytes, std::size_t size) override
    {
        output_.append(bytes, size);
        return static_cast<ssize_t>(size);
    }
    void get_remote_ip_and_port(std::string & /*ip*/, int & /*port*/) const override {}
    void get_local_ip_and_port(std::string & /*ip*/, int & /*port*/) const override {}
    [[nodiscard]] socket_t socket() const override { return INVALID_SOCKET; }

    [[nodiscard]] std::string take_output() { return std::move(output_); }

private:
    std::string_view input_;
    std::string output_;
};

/** RFC 9110, 6.6.1: whoever has a clock says when an answer was made. */
std::string http_date()
{
    return fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(std::time(nullptr)));
}

const char *cache_control(Caching caching) noexcept
{
    switch (caching) {
    case Caching::validated:
        return "private, no-cache";
    case Caching::immutable:
        return "public, max-age=31536000, immutable";
    case Caching::none:
        break;
    }
    return "no-store";
}

/** RFC 9110, 8.6: these have no body, nor a Content-Length that would speak of one. */
bool has_body(int status) noexcept
{
    return status != 204 && status != 304;
}

void write_into(Answer &answer, httplib::Response &response)
{
    response.status = answer.status;
    response.body = std::move(answer.body);
    if (has_body(answer.status)) response.set_header("Content-Type", std::string(answer.content_type));
    response.set_header("Date", http_date());
    response.set_header("Cache-Control", cache_control(answer.caching));
    response.set_header("X-Content-Type-Options", "nosniff");
    for (const auto &[name, value] : answer.headers) response.set_header(name, value);
}

} // namespace

Engine::Engine(Handler handler) : handler_(std::move(handler))
{
    set_pre_routing_handler([this](const httplib::Request &request, httplib::Response &response) {
        Exchange &exchange = *in_hand;
        if (exchange.head != nullptr)
            exchange.answer = handler_({.method = exchange.head->method,
                                        .path = exchange.head->path(),
                                        .query = exchange.head->query(),
                                        .content_type = exchange.head->content_type,
                                        .body = request.body,
                                        .accept_encoding = exchange.head->accept_encoding,
                                        .if_none_match = exchange.head->if_none_match,
                                        .origin = exchange.head->origin,
                                        .requested_method = exchange.head->requested_method,
                                        .authorization = exchange.head->authorization});
        exchange.is_last = exchange.ends();
        if (exchange.is_last) response.set_header("Connection", "close");
        write_into(exchange.answer, response);
        return HandlerResponse::Handled;
    });
    set_post_routing_handler([](const httplib::Request &, httplib::Response &response) {
        response.headers.erase("Accept-Ranges"); // claimed for every HEAD, and not true
        response.headers.erase("Keep-Alive");    // an end that we don't keep to the second
        if (!has_body(response.status)) response.headers.erase("Content-Length");
    });
    // Both only run when something of the library's own went wrong; neither may let its texts out.
    set_exception_handler([](const httplib::Request &, httplib::Response &response, const std::exception_ptr &) {
        Answer failed{.status = 500, .body = "{}", .content_type = "application/problem+json"};
        write_into(failed, response);
    });
    set_error_handler(
        HandlerWithResponse([](const httplib::Request &, httplib::Response &) { return HandlerResponse::Unhandled; }));
    set_tcp_nodelay(true);
    // Instead of the library's SO_REUSEPORT.
    set_socket_options([](socket_t socket) {
        const int yes = 1;
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    });
}

int Engine::listen_on(const std::string &host, int port)
{
    if (!bind_to_port(host, port))
        throw std::runtime_error("can't listen on " + host + " port " + std::to_string(port));
    if (::listen(svr_sock_, backlog) != 0) throw std::runtime_error("can't listen");
    return svr_sock_;
}

void Engine::close_socket()
{
    if (const socket_t socket = svr_sock_.exchange(INVALID_SOCKET); socket != INVALID_SOCKET) ::close(socket);
}

Reply Engine::respond(const Head &head, std::string body, const std::function<bool()> &is_last)
{
    Exchange exchange{.head = &head, .body = std::move(body), .ends = is_last};
    return run(exchange);
}

Reply Engine::refuse(Answer answer)
{
    Exchange exchange{.answer = std::move(answer)};
    return run(exchange);
}

Reply Engine::run(Exchange &exchange)
{
    Memory stream("GET / HTTP/1.1\r\n\r\n");
    bool wants_close = false;
    in_hand = &exchange;
    process_request(stream, false, wants_close, [&](httplib::Request &request) {
        if (exchange.head != nullptr) request.method = exchange.head->method;
        request.body = std::move(exchange.body);
    });
    in_hand = nullptr;

    const Answer &answer = exchange.answer;
    Reply reply{.bytes = stream.take_output(), .status = answer.status, .is_last = exchange.is_last};
    reply.route = answer.route;
    reply.sqlstate = std::move(exchange.answer.sqlstate);
    reply.cause = std::move(exchange.answer.cause);
    reply.body_size = reply.bytes.size() - std::min(reply.bytes.find("\r\n\r\n") + 4, reply.bytes.size());
    return reply;
}

} // namespace analytics::http
