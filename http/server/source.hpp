/* Where an answer comes from that waits for news: once (long polling), or again and again on one connection
 * (Server-Sent Events). While it waits it has no worker and no database session, but a connection, and what it keeps.
 *
 * The loop asks for the next part only when the client has taken all parts before it. So a slow client costs one part,
 * and nobody waits for it. */
#pragma once

#include "message.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace analytics::http {

/** What can be sent now; nothing of it: wait. */
struct Part {
    std::optional<Response> head = {};             // the answer, or its beginning where it goes on
    std::shared_ptr<const std::string> bytes = {}; // of an answer that goes on; several may share them
    bool is_end = false;                           // of an answer that goes on
};

/** The loop's own. Nothing throws, and nothing waits. */
class Source {
public:
    using Clock = std::chrono::steady_clock;

    Source() = default;
    virtual ~Source() = default;
    Source(const Source &) = delete;
    Source &operator=(const Source &) = delete;

    /** Called before all else, while the request lives. wake: to be called, on any thread, when next has something. */
    virtual void start(std::function<void()> wake) = 0;
    virtual Part next() = 0;
    /** In place of next once the service is to stop: the answer, or its end. */
    virtual Part last() = 0;
    /** When to call next if nobody has called wake. */
    [[nodiscard]] virtual Clock::time_point deadline() const = 0;
};

} // namespace analytics::http
