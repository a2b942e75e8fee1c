#include "admin_port.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <fmt/format.h>
#include <memory>
#include <netdb.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

namespace analytics::runtime {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds patience{2};
constexpr std::size_t max_request = 8'192;
constexpr int backlog = 16;
constexpr std::chrono::milliseconds breath{100}; // when the process is out of descriptors

bool is_ready(int fd, short events, Clock::time_point deadline)
{
    pollfd waiting{fd, events, 0};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    return left.count() > 0 && poll(&waiting, 1, static_cast<int>(left.count())) > 0;
}

int bound_to(const addrinfo &address)
{
    const int fd = socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int yes = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(fd, address.ai_addr, address.ai_addrlen) == 0 && listen(fd, backlog) == 0) return fd;
    const int error = errno;
    close(fd);
    errno = error;
    return -1;
}

int listening_on(const std::string &host, int port)
{
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    addrinfo *found = nullptr;
    std::string why;
    if (const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found); error != 0) {
        why = gai_strerror(error);
    } else {
        const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, freeaddrinfo);
        if (const int fd = bound_to(*addresses); fd >= 0) return fd;
        why = std::generic_category().message(errno);
    }
    throw std::runtime_error(fmt::format("can't listen on {} port {}: {}", host, port, why));
}

const char *reason_phrase(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 503:
        return "Service Unavailable";
    default:
        return "Bad Request";
    }
}

} // namespace

AdminPort::AdminPort(const std::string &host, int port, Answers answers, Observer &observe)
    : answers_(std::move(answers)), listening_(listening_on(host, port)), thread_([this] { serve(); })
{
    observe(Event::listening, {{"host", host}, {"port", port}});
}

AdminPort::~AdminPort()
{
    shutdown(listening_, SHUT_RDWR); // ends accept()
    thread_.join();
    close(listening_);
}

void AdminPort::serve() const
{
    for (;;) {
        const int client = accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (client >= 0) {
            serve_one(client);
            close(client);
        } else if (errno == EINVAL || errno == EBADF) { // shut down
            return;
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            std::this_thread::sleep_for(breath);
        }
    }
}

void AdminPort::serve_one(int client) const
{
    const Clock::time_point deadline = Clock::now() + patience;
    std::array<char, 1'024> bytes{};
    std::string request;
    while (request.find("\r\n\r\n") == std::string::npos) {
        if (request.size() > max_request || !is_ready(client, POLLIN, deadline)) return;
        const ssize_t count = recv(client, bytes.data(), bytes.size(), 0);
        if (count <= 0) return;
        request.append(bytes.data(), static_cast<std::size_t>(count));
    }
    const std::string reply = answer(request);
    for (std::string_view rest = reply; !rest.empty();) {
        if (!is_ready(client, POLLOUT, deadline)) return;
        const ssize_t count = send(client, rest.data(), rest.size(), MSG_NOSIGNAL);
        if (count < 0) return;
        rest.remove_prefix(static_cast<std::size_t>(count));
    }
    shutdown(client, SHUT_WR);
    while (is_ready(client, POLLIN, deadline) && recv(client, bytes.data(), bytes.size(), 0) > 0) {
    } // closing with bytes unread would reset the connection under the answer
}

std::string AdminPort::answer(std::string_view request) const
{
    const std::string_view line = request.substr(0, request.find("\r\n"));
    const std::size_t space = line.find(' ');
    const std::size_t end = line.find_first_of(" ?", space + 1);
    const std::string_view method = line.substr(0, space);
    const bool is_http = end != std::string_view::npos && line.find(" HTTP/1.") != std::string_view::npos;

    AdminAnswer found{.status = 400, .body = {}};
    if (is_http) {
        auto answer = answers_(line.substr(space + 1, end - space - 1));
        found = !answer                               ? AdminAnswer{.status = 404, .body = {}}
                : method != "GET" && method != "HEAD" ? AdminAnswer{.status = 405, .body = {}}
                                                      : std::move(*answer);
    }
    return fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nCache-Control: no-store\r\n{}"
                       "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n{}",
                       found.status, reason_phrase(found.status), found.content_type, found.body.size(),
                       found.status == 405 ? "Allow: GET, HEAD\r\n" : "", method == "HEAD" ? "" : found.body);
}

} // namespace analytics::runtime
