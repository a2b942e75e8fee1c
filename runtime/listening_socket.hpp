/* How both daemons open a TCP port. */
#pragma once

#include <string>

namespace analytics::runtime {

/** Listens on the first address of the host that is available; backlog: connections that may wait for accept(). The
 * caller closes the socket. Accepted sockets inherit its options. Throws std::runtime_error. */
[[nodiscard]] int listening_socket(const std::string &host, int port, int backlog);

} // namespace analytics::runtime
