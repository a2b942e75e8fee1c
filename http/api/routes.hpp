/* The routes as a table: path, method, scope, parameters, form of the body, one statement, how the response is made,
 * and who may cache it. A row for GET answers HEAD too, and every path answers OPTIONS. Rows of one path and method
 * differ in the form of their body. */
#pragma once

#include "../auth/keys.hpp"
#include "../server/message.hpp"
#include "body.hpp"
#include "parameters.hpp"
#include "statements.hpp"
#include "status.hpp"

#include <span>

namespace analytics::runtime {
class Metrics;
}

namespace analytics::http {

using ParameterList = std::span<const Parameter *const>;

/** What a route's render is called with. */
struct Exchange {
    const Request &request;
    const runtime::Result *rows = nullptr;     // nothing: the route has no statement, or does without its rows
    const runtime::Metrics *metrics = nullptr; // of the admin port alone
};

struct Route {
    std::string_view path; // {names} take a segment each: see path_template.hpp
    std::string_view method;
    Scope scope = Scope::none;
    Form form = Form::none;
    ParameterList in_path = {}; // as many as the path has names; the statement's first arguments
    ParameterList in_query = {};
    const Statement *statement = nullptr;
    Response (*render)(const Exchange &exchange) = nullptr;
    Caching caching = Caching::none; // of its 200
    bool leaves_query = false;       // the query is for the script of the page, and has no effect here
    bool waits = false;              // of a feed: the last parameter is how long, and is none of the statement's
    bool asks_admin = false;         // the statement's last argument: whether the caller has the scope admin
    bool is_probe = false;           // a health check: a failure is answered {"status":"DOWN"}
    bool is_optional = false;        // the answer does without the statement's rows where the database does not answer
    std::span<const Meaning> meanings = {}; // of errors that mean on this route something of their own
};

/** The most items of one POST: the response has every event, and all of them are one transaction. */
inline constexpr std::size_t max_items = 1'000;

[[nodiscard]] std::span<const Route> service_routes() noexcept;

/** Of the admin port. /livez: the process answers. /readyz: the database answers too, and no stop was requested.
 * /metrics: for Prometheus. A load balancer takes out a server that is not ready; an orchestrator restarts one that is
 * not live. So what a restart cannot repair must not affect /livez. */
[[nodiscard]] std::span<const Route> admin_routes() noexcept;

} // namespace analytics::http
