/* A server that says exactly what a test wants, to one client after the other: bytes of PostgreSQL's protocol. */
#pragma once

#include <arpa/inet.h>
#include <array>
#include <netinet/in.h>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace analytics::runtime::fakes {

/** A backend's message: type, length, body. */
inline std::string message(char type, const std::string &body)
{
    const auto size = htonl(static_cast<std::uint32_t>(body.size() + 4));
    return type + std::string(reinterpret_cast<const char *>(&size), sizeof size) + body;
}

/** ErrorResponse (or, with 'N', a notice). */
inline std::string error(const std::string &severity, const std::string &sqlstate, const std::string &text,
                         char type = 'E')
{
    std::string body;
    for (const std::string &field :
         {"S" + severity, "V" + severity, "C" + sqlstate, "M" + text, std::string("Dthe detail"),
          std::string("Hthe hint"), std::string("nthe_constraint"), std::string("cthe_column")})
        body += field + '\0';
    return message(type, body + '\0');
}

/** AuthenticationOk and ReadyForQuery. */
inline std::string welcome()
{
    return message('R', std::string(4, '\0')) + message('Z', "I");
}

class FakeServer {
public:
    /** Answers the n-th chunk that the client sends with the n-th reply, then waits for the client to go away, or
     * with hang_up goes first. */
    explicit FakeServer(std::vector<std::string> replies, bool hang_up = true)
        : listener_(socket(AF_INET, SOCK_STREAM, 0)), replies_(std::move(replies)), hang_up_(hang_up)
    {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto *generic = reinterpret_cast<sockaddr *>(&address);
        if (bind(listener_, generic, size) != 0 || listen(listener_, 1) != 0 ||
            getsockname(listener_, generic, &size) != 0)
            throw std::runtime_error("no socket");
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { serve(); });
    }
    ~FakeServer()
    {
        shutdown(listener_, SHUT_RDWR);
        thread_.join();
        close(listener_);
    }
    FakeServer(const FakeServer &) = delete;
    FakeServer &operator=(const FakeServer &) = delete;

    std::string conninfo() const
    {
        return "host=127.0.0.1 port=" + std::to_string(port_) + " user=u dbname=d sslmode=disable gssencmode=disable";
    }

private:
    void serve()
    {
        const int client = accept(listener_, nullptr, nullptr);
        if (client < 0) return;
        std::array<char, 65'536> bytes{};
        for (const std::string &reply : replies_) {
            if (read(client, bytes.data(), bytes.size()) <= 0) break;
            if (write(client, reply.data(), reply.size()) < 0) break;
        }
        while (!hang_up_ && read(client, bytes.data(), bytes.size()) > 0) {
        }
        close(client);
    }

    int listener_;
    int port_ = 0;
    std::vector<std::string> replies_;
    bool hang_up_;
    std::thread thread_;
};

} // namespace analytics::runtime::fakes
