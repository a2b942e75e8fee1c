/* The routes as a table: path, method, who may call, the parameters it knows, the form of body it takes, one statement,
 * how the answer is rendered, and who may keep it. GET answers HEAD too, and every path OPTIONS. Several rows of one
 * path and method differ in the form of their body. */
#pragma once

#include "../auth/keys.hpp"
#include "../server/message.hpp"
#include "parameters.hpp"
#include "statements.hpp"

#include <cstdint>
#include <span>

namespace analytics::http {

enum class Form : std::uint8_t { none, object, array, lines };

using ParameterList = std::span<const Parameter *const>;

/** What a route's render sees. */
struct Exchange {
    const Request &request;
    const runtime::Result *rows; // nothing: the route has no statement
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
    bool leaves_query = false;       // it is for the script of the page: whatever it says is answered alike
    bool is_probe = false;           // asks whether we are well: what fails is answered {"status":"DOWN"}
};

/** Items of one POST, at most: the answer holds every event again, and all of them are one transaction. */
inline constexpr std::size_t max_items = 1'000;

[[nodiscard]] std::span<const Route> service_routes() noexcept;

} // namespace analytics::http
