#include "admin.hpp"

#include "render.hpp"

#include <array>

namespace analytics::http {

namespace {

constexpr std::string_view metrics_path = "/metrics";

/* A route knows nothing but its request; what has the metrics fills it in. */
Response render_nothing_yet(const Exchange & /*exchange*/)
{
    return {.body = {}, .content_type = runtime::Metrics::content_type};
}

constexpr std::array table{
    Route{.path = "/livez", .method = "GET", .render = render_up},
    Route{.path = metrics_path, .method = "GET", .render = render_nothing_yet},
    Route{.path = "/readyz", .method = "GET", .statement = &version, .render = render_up, .is_probe = true},
};

} // namespace

std::span<const Route> admin_routes() noexcept
{
    return table;
}

Begun Admin::operator()(const Request &request) const
{
    Begun begun = handler_(request);
    if (Response *response = std::get_if<Response>(&begun);
        response != nullptr && response->route == metrics_path && response->status == 200)
        response->body = metrics_.exposition();
    return begun;
}

} // namespace analytics::http
