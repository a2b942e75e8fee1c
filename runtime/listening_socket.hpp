/* A TCP socket that listens: the one way in which both daemons open a port. */
#pragma once

#include <string>

namespace analytics::runtime {

/** Listens on the first of the host's addresses that can be had; backlog: connections that wait for accept(). The
 * caller closes the socket, which accepted ones inherit their options from. Throws std::runtime_error. */
[[nodiscard]] int listening_socket(const std::string &host, int port, int backlog);

} // namespace analytics::runtime
