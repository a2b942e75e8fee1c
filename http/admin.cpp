#include "admin.hpp"

#include "render.hpp"

#include <array>

namespace analytics::http {

namespace {

constexpr std::string_view metrics_path = "/metrics";

/* A route knows nothing but its request; what has the metrics fills it in. */
Answer render_nothing_yet(const Outcome & /*outcome*/)
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

Answer Admin::operator()(const Call &call) const
{
    Answer answer = handler_(call);
    if (answer.route == metrics_path && answer.status == 200) answer.body = metrics_.exposition();
    return answer;
}

} // namespace analytics::http
