#include "listening_socket.hpp"

#include <cerrno>
#include <fmt/format.h>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdexcept>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

namespace analytics::runtime {
namespace {

/* Enough to keep the network busy until the loop writes again. Without this bound the kernel would buffer megabytes
 * of an answer for a client that reads nothing; they count against the service's memory, and the service can't see
 * them. */
constexpr int unsent_bytes = 16 << 10;

void turn_on(int fd, int level, int option, int value = 1)
{
    setsockopt(fd, level, option, &value, sizeof value);
}

/* -1 and errno when the address is not available. */
int bound_to(const addrinfo &address, int backlog)
{
    const int fd = socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    turn_on(fd, SOL_SOCKET,
            SO_REUSEADDR); // never SO_REUSEPORT: two daemons would share a port, and nobody would notice
    turn_on(fd, IPPROTO_TCP, TCP_NODELAY);
    turn_on(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, unsent_bytes);
    if (bind(fd, address.ai_addr, address.ai_addrlen) == 0 && listen(fd, backlog) == 0) return fd;
    const int error = errno;
    close(fd);
    errno = error;
    return -1;
}

} // namespace

int listening_socket(const std::string &host, int port, int backlog)
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
        for (const addrinfo *address = addresses.get(); address != nullptr; address = address->ai_next)
            if (const int fd = bound_to(*address, backlog); fd >= 0) return fd;
        why = std::generic_category().message(errno);
    }
    throw std::runtime_error(fmt::format("can't listen on {} port {}: {}", host, port, why));
}

} // namespace analytics::runtime
