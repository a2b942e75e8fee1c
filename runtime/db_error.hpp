/* libpq's errors as DbError. Only for the files that include libpq. */
#pragma once

#include "db.hpp"

#include <string>
#include <string_view>

namespace analytics::runtime {

constexpr const char *could_not_connect = "08001";
constexpr const char *connection_lost = "08006";

/** A message in one line: libpq's messages have several, with tabs, and a newline at the end. */
[[nodiscard]] std::string one_line(std::string_view text);

/** A field of an error or a notice (PG_DIAG_…); empty when it has none. */
[[nodiscard]] std::string error_field(const pg_result *result, int code);

/** query: which query of the transaction failed. */
[[nodiscard]] DbError error_of(const pg_result *result, std::size_t query);

/** A refused connection has no PGresult, so the SQLSTATE is read from the verbose message; with several hosts, from
 * the last one's:
 *
 *     connection to server … failed: FATAL:  28P01: password authentication failed for user "x"
 *     LOCATION:  auth_failed, auth.c:335
 *
 * A server that can't begin a session for an internal reason (class XX: with a full disk it could not write its
 * cache of the catalog) counts as one that we could not connect to; the message keeps its SQLSTATE. */
[[nodiscard]] DbError connect_error(std::string_view verbose);

} // namespace analytics::runtime
