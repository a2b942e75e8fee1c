#include "routes.hpp"

#include "render.hpp"

#include <array>

namespace analytics::http {

namespace {

constexpr std::string_view events_path = "/v1/analytics/events";

constexpr std::array recent_query{&limit, &cursor, &tenant_id, &event_type};
constexpr std::array event_place{&occurred_at, &event_id};
constexpr std::array summary_query{&window_minutes, &reference, &tenant_id};

constexpr Route read(std::string_view path, ParameterList in_path, ParameterList in_query, const Statement &statement,
                     Answer (*render)(const Outcome &))
{
    return {.path = path,
            .method = "GET",
            .scope = Scope::read,
            .in_path = in_path,
            .in_query = in_query,
            .statement = &statement,
            .render = render,
            .caching = Caching::validated};
}

constexpr Route store(Form form, const Statement &statement, Answer (*render)(const Outcome &))
{
    return {.path = events_path,
            .method = "POST",
            .scope = Scope::write,
            .form = form,
            .statement = &statement,
            .render = render};
}

constexpr std::array table{
    read("/v1/analytics/events/recent", {}, recent_query, recent, render_page),
    read("/v1/analytics/events/{occurredAt}/{id}", event_place, {}, event, render_found),
    read("/v1/analytics/metrics/summary", {}, summary_query, summary, render_tagged),
    store(Form::object, record_one, render_record),
    store(Form::array, record_batch, render_batch),
    store(Form::lines, record_batch, render_batch),
    Route{.path = "/health", .method = "GET", .statement = &version, .render = render_up, .is_probe = true},
};

} // namespace

std::span<const Route> service_routes() noexcept
{
    return table;
}

} // namespace analytics::http
