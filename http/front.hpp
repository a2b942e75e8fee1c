/* What is done to every answer whatever it says: a polling client is told that nothing changed, gzip for who takes it,
 * and what other sites' pages may see.
 *
 * Entity tags are weak: one stands for an answer and for the same answer compressed. An answer that tells the time it
 * was made at brings a tag of its own, made from the rest; a client that was told 304 then keeps the older time, which
 * is what weak tags are for (RFC 9110, 8.8.1). */
#pragma once

#include "answer.hpp"
#include "cors.hpp"
#include "engine.hpp"

namespace analytics::http {

class Front {
public:
    Front(Engine::Handler handler, Cors cors) : handler_(std::move(handler)), cors_(std::move(cors)) {}

    Answer operator()(const Call &call) const;

private:
    Engine::Handler handler_;
    Cors cors_;
};

/** Whether an If-None-Match names the tag (the opaque part, without quotes) by weak comparison, or is "*". */
[[nodiscard]] bool names_tag(std::string_view if_none_match, std::string_view tag) noexcept;

} // namespace analytics::http
