/* What libpq says of an error, as a DbError: the database wrapper's own. */
#pragma once

#include "db.hpp"

#include <string>
#include <string_view>

namespace analytics::runtime {

constexpr const char *could_not_connect = "08001";
constexpr const char *connection_lost = "08006";

/** A message in one line: libpq's have several, with tabs, and a newline at the end. */
[[nodiscard]] std::string one_line(std::string_view text);

/** A field of an error or a notice (PG_DIAG_…); empty when it has none. */
[[nodiscard]] std::string error_field(const pg_result *result, int code);

/** query: which of a transaction's it is about. */
[[nodiscard]] DbError error_of(const pg_result *result, std::size_t query);

/** A refused connection has no PGresult, so the verbose message is all there is to learn the SQLSTATE from; with several
 * hosts, the last one's:
 *
 *     connection to server … failed: FATAL:  28P01: password authentication failed for user "x"
 *     LOCATION:  auth_failed, auth.c:335
 *
 * A server that can't begin a session for an internal reason (class XX: with a full disk it could not write its cache of
 * the catalog) is one that can't be connected to; its own state stays in the message. */
[[nodiscard]] DbError connect_error(std::string_view verbose);

} // namespace analytics::runtime
