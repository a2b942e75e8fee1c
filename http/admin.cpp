#include "admin.hpp"

#include "render.hpp"

#include <array>

namespace analytics::http {

namespace {

constexpr std::array table{
    Route{.path = "/livez", .method = "GET", .render = render_up},
    Route{.path = "/readyz", .method = "GET", .statement = &version, .render = render_up, .is_probe = true},
};

} // namespace

std::span<const Route> admin_routes() noexcept
{
    return table;
}

} // namespace analytics::http
