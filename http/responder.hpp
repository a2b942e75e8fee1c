/* The one way out: every answer leaves through here, whoever made it, the handler or who refused the request before it.
 *
 * A request that names a host which is none of ours, or that a foreign page has sent to change something, is refused
 * before the handler sees it. What is done to every answer whatever it says: a polling client is told that nothing
 * changed, gzip for who takes it, and what other sites' pages may see.
 *
 * Entity tags are weak: one stands for an answer and for the same answer compressed. An answer that tells the time it
 * was made at brings a tag of its own, made from the rest; a client that was told 304 then keeps the older time, which
 * is what weak tags are for (RFC 9110, 8.8.1). */
#pragma once

#include "answer.hpp"
#include "cors.hpp"
#include "problem.hpp"

#include "../runtime/host_names.hpp"

#include <functional>

namespace analytics::http {

class Responder {
public:
    using Handler = std::function<Answer(const Call &)>;

    /** The handler is called from many threads at once and throws nothing. */
    Responder(Handler handler, runtime::HostNames names, Cors cors)
        : handler_(std::move(handler)), names_(std::move(names)), cors_(std::move(cors))
    {
    }

    /** Answers a request. Safe to call from many threads at once. */
    [[nodiscard]] Answer respond(const Call &call) const;

    /** Answers what did not become a request; call: as much of it as is known. */
    [[nodiscard]] Answer refuse(const Problem &problem, const Call &call) const;

private:
    [[nodiscard]] std::optional<Problem> judge(const Call &call) const;
    void finish(const Call &call, Answer &answer) const;

    Handler handler_;
    runtime::HostNames names_;
    Cors cors_;
};

/** Whether an If-None-Match names the tag (the opaque part, without quotes) by weak comparison, or is "*". */
[[nodiscard]] bool names_tag(std::string_view if_none_match, std::string_view tag) noexcept;

} // namespace analytics::http
