/* What a route answers when something fails, and what every answer of it has. */
#pragma once

#include "../auth/access.hpp"
#include "routes.hpp"

#include <string_view>

namespace analytics::http {

/** The database's error as a problem. */
[[nodiscard]] Response failed(const runtime::DbError &error, const Route &route, const Caller &caller);

/** Of an error that is ours. cause: for the log. */
[[nodiscard]] Response broken(std::string_view cause);

/** Of a request that has waited too long for a session. */
[[nodiscard]] runtime::DbError no_session();

/** The answer with what every answer of the route has. */
[[nodiscard]] Response completed(Response result, const Route &route);

} // namespace analytics::http
