#include "admin_port.hpp"

#include "../extension/core/text/ascii.hpp"
#include "../runtime/listening_socket.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace analytics::ingestor {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::seconds request_timeout{2};
constexpr std::size_t max_request = 8'192;
constexpr int backlog = 16;
constexpr std::chrono::milliseconds pause{100}; // when the process is out of descriptors

bool is_ready(int fd, short events, SteadyClock::time_point deadline)
{
    pollfd waiting{fd, events, 0};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - SteadyClock::now());
    return left.count() > 0 && poll(&waiting, 1, static_cast<int>(left.count())) > 0;
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
    case 421:
        return "Misdirected Request";
    case 503:
        return "Service Unavailable";
    default:
        return "Bad Request";
    }
}

/* The Host header: nothing when there is none, no valid host when there are two. */
std::optional<std::string> host_of(std::string_view fields)
{
    std::optional<std::string> host;
    while (!fields.empty()) {
        const std::size_t end = std::min(fields.find("\r\n"), fields.size());
        std::string_view line = fields.substr(0, end);
        fields.remove_prefix(std::min(end + 2, fields.size()));
        if (!core::equals_ignoring_case(core::take_until(':', line), "host")) continue;
        const std::string value(core::trimmed(line));
        host = host ? *host + "," + value : value; // no valid host has a comma
    }
    return host;
}

} // namespace

AdminPort::AdminPort(const std::string &host, int port, runtime::HostNames names, Answers answers,
                     runtime::Observer &observe)
    : names_(std::move(names)), answers_(std::move(answers)),
      listening_(runtime::listening_socket(host, port, backlog)), thread_([this] { serve(); })
{
    observe(event::Listening{.host = host, .port = port});
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
            std::this_thread::sleep_for(pause);
        }
    }
}

void AdminPort::serve_one(int client) const
{
    const SteadyClock::time_point deadline = SteadyClock::now() + request_timeout;
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
    const std::optional<std::string> host = host_of(request.substr(std::min(line.size() + 2, request.size())));
    const std::optional<runtime::Authority> called = runtime::read_authority(host.value_or(""));
    if (host && (!called || !names_.contain(*called))) { // a client without a Host is not a browser
        found.status = 421;
    } else if (is_http) {
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

std::unique_ptr<AdminPort> open_admin_port(const runtime::Settings &settings, AdminPort::Answers answers,
                                           runtime::Observer &observe)
{
    using runtime::Key;
    if (!settings.is_given(Key::ingestor_admin_port)) return nullptr;
    const std::string &host = settings.text(Key::ingestor_admin_host);
    return std::make_unique<AdminPort>(host, static_cast<int>(settings.integer(Key::ingestor_admin_port)),
                                       runtime::HostNames(settings.text(Key::allowed_hosts), host), std::move(answers),
                                       observe);
}

} // namespace analytics::ingestor
