/* One client's connection: reads requests whole, answers them in their order, keeps alive, and lets go in time.
 *
 * Everything that waits has an end: for the next request (idle), for the rest of a request once its first byte came
 * (its deadline counts from there, so a client that trickles gains nothing), for the client to take the answer, and
 * for the client to read a refusal before the connection is reset under it (lingering). Waits are cut into slices, to
 * notice a stop or a crowd: an idle connection makes room when others wait for a thread. */
#pragma once

#include "engine.hpp"
#include "head.hpp"

#include "../runtime/observe.hpp"

#include <chrono>
#include <functional>
#include <string>

namespace analytics::http {

/** A socket's owner. */
class Socket {
public:
    explicit Socket(int fd) noexcept : fd_(fd) {}
    ~Socket();
    Socket(Socket &&other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Socket &operator=(Socket &&other) noexcept
    {
        std::swap(fd_, other.fd_);
        return *this;
    }

    [[nodiscard]] int fd() const noexcept { return fd_; }

private:
    int fd_;
};

struct ConnectionLimits {
    HeadLimits head;
    std::chrono::milliseconds idle{15'000};    // between two requests: above the usual polling of a dashboard
    std::chrono::milliseconds receive{10'000}; // of a whole request, from its first byte
    std::chrono::milliseconds send{10'000};    // of a whole answer
    std::chrono::milliseconds linger{2'000};   // after a refusal, for the client to read it
};

class Connection {
public:
    /** is_wanted: whether another request may be waited for (no stop, no crowd). */
    Connection(Socket socket, Engine &engine, const ConnectionLimits &limits, runtime::Observer &observe,
               std::function<bool()> is_wanted);

    /** Serves until either side ends it. */
    void serve();

private:
    using Clock = std::chrono::steady_clock;

    enum class Received : std::uint8_t { bytes, too_late, end };

    bool await_request(bool is_first);
    /** False: it was the last one. */
    bool serve_request();
    std::optional<Problem> receive_head(Clock::time_point deadline, std::size_t &size);
    std::optional<Problem> receive_body(Clock::time_point deadline, std::uint64_t size);
    Received receive(Clock::time_point deadline);
    std::string take(std::size_t size);
    bool send(std::string_view bytes);
    bool refuse(const Problem &problem, Clock::time_point begin); // always false
    void linger();
    void tell(std::string_view method, const Reply &reply, Clock::time_point begin);

    Socket socket_;
    Engine &engine_;
    const ConnectionLimits &limits_;
    runtime::Observer &observe_;
    std::function<bool()> is_wanted_;
    std::string buffer_; // received, not yet taken
};

} // namespace analytics::http
