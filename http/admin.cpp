#include "admin.hpp"

#include <array>

namespace analytics::http {

namespace {

Answer render(const Outcome & /*outcome*/)
{
    return up();
}

constexpr std::array table{
    Route{.path = "/livez", .method = "GET", .render = render},
    Route{.path = "/readyz", .method = "GET", .statement = &version, .render = render, .is_probe = true},
};

} // namespace

std::span<const Route> admin_routes() noexcept
{
    return table;
}

} // namespace analytics::http
