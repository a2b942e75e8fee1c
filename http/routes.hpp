/* The routes as a table: path, method, the parameters it knows, the form of body it takes, one statement, and how the
 * answer is rendered. Paths are compared byte by byte with what was sent; GET answers HEAD too. Several rows of one
 * path and method differ in the form of their body. */
#pragma once

#include "answer.hpp"
#include "parameters.hpp"
#include "statements.hpp"

#include <cstdint>
#include <span>

namespace analytics::http {

enum class Form : std::uint8_t { none, object, array, lines };

/** What a route's render sees. */
struct Outcome {
    const Arguments &arguments;
    const runtime::Result *rows; // nothing: the route has no statement
};

struct Route {
    std::string_view path;
    std::string_view method;
    Form form = Form::none;
    std::span<const Parameter *const> parameters = {};
    const Statement *statement = nullptr;
    Answer (*render)(const Outcome &outcome) = nullptr;
    bool is_probe = false; // asks whether we are well: what fails is answered {"status":"DOWN"}
};

/** Items of one POST, at most: the answer holds every event again, and all of them are one transaction. */
inline constexpr std::size_t max_items = 1'000;

[[nodiscard]] std::span<const Route> service_routes() noexcept;

[[nodiscard]] Answer up();
[[nodiscard]] Answer down();

/** 413 for a body of more than max_items. */
[[nodiscard]] Answer too_many_items();

} // namespace analytics::http
