/* What the database's verdicts mean in HTTP: two tables, SQLSTATE → status and reason of refusal → status.
 *
 * A SQLSTATE is looked up whole, then by its class; what is in neither is an internal error. Only where a row says so
 * does the server's message reach the client: those messages are ours, or the operator's own RAISE, and speak of the
 * request. All others speak of the server and are replaced by the row's sentence. */
#pragma once

#include <string_view>

namespace analytics::http {

struct Meaning {
    std::string_view sqlstate; // five characters, or a class's two
    int status;
    std::string_view detail;      // told in place of the server's message
    bool shows_message = false;   // the server's message is for the client
    std::string_view reason = {}; // of the closed list of refusals, where the SQLSTATE says as much
};

[[nodiscard]] const Meaning &meaning_of(std::string_view sqlstate) noexcept;

/** How a single refused event is answered: 400 what is not even JSON text, 413 what is too long, 422 what is well
 * formed and no event (RFC 9110, 15.5). */
[[nodiscard]] int status_of_refusal(std::string_view reason) noexcept;

/** Whether a session that heard this must not be used again: what it prepared, or its search_path, no longer fits
 * the database. A lost connection says so itself. */
[[nodiscard]] bool spoils_session(std::string_view sqlstate) noexcept;

} // namespace analytics::http
