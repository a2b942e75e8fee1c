/* From the database's errors to HTTP: two tables, SQLSTATE → status and reason for refusal → status.
 *
 * A SQLSTATE is looked up whole, then by its class; an unknown one is an internal error. The server's message reaches
 * the client only where a row says so: such messages are ours, or an operator's RAISE, and are about the request. All
 * others are replaced by the row's sentence. */
#pragma once

#include <span>
#include <string_view>

namespace analytics::http {

struct Meaning {
    std::string_view sqlstate; // five characters, or a class's two
    int status;
    std::string_view detail;      // in place of the server's message
    bool shows_message = false;   // the server's message is for the client
    std::string_view reason = {}; // one of the closed list of reasons, if the SQLSTATE implies it
    std::string_view field = {};  // the parameter that the server's DETAIL is about, which is then for the client, too
};

/** own: what errors mean on one route, looked at first. */
[[nodiscard]] const Meaning &meaning_of(std::string_view sqlstate, std::span<const Meaning> own = {}) noexcept;

/** How a single refused event is answered: 400 what is not even JSON text, 413 what is too long, 422 what is well
 * formed and no event (RFC 9110, 15.5). */
[[nodiscard]] int status_of_refusal(std::string_view reason) noexcept;

/** Whether a session that got this error must not be used again, because what it prepared no longer fits the database.
 * A lost connection is known as such without this. */
[[nodiscard]] bool spoils_session(std::string_view sqlstate) noexcept;

} // namespace analytics::http
