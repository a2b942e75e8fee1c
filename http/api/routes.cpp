#include "routes.hpp"

#include "render.hpp"

#include <array>

namespace analytics::http {

namespace {

constexpr std::string_view events_path = "/v1/analytics/events";

constexpr std::array recent_query{&limit, &cursor, &tenant_id, &event_type};
constexpr std::array event_path{&occurred_at, &event_id};
constexpr std::array histogram_query{&from, &to, &bucket, &tenant_id, &event_type, &timezone};
constexpr std::array dead_letters_query{&limit, &dead_letter_cursor, &reason, &topic, &replayed};
constexpr std::array dead_letter_path{&dead_letter_id};
constexpr std::array replay_query{&replay_limit, &after_id, &reason, &topic};
constexpr std::array projection_path{&projection_name};
constexpr std::array projection_query{&limit, &cursor, &from, &to, &tenant_id};
constexpr std::array feed_path{&feed_name};
constexpr std::array feed_query{&feed_position, &limit, &wait_seconds};
constexpr std::array asset_path{&asset_file};
constexpr std::array summary_query{&window_minutes, &reference, &tenant_id};

constexpr Route read(std::string_view path, ParameterList in_path, ParameterList in_query, const Statement &statement,
                     Response (*render)(const Exchange &))
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

constexpr Route store(Form form, const Statement &statement, Response (*render)(const Exchange &))
{
    return {.path = events_path,
            .method = "POST",
            .scope = Scope::write,
            .form = form,
            .statement = &statement,
            .render = render};
}

constexpr Route administer(Route route)
{
    route.scope = Scope::admin;
    return route;
}

constexpr std::array feed_meanings{
    Meaning{"42501", 403, "the service's database role may not read the feed"},
    Meaning{"55000", 409, "the feed has not started"},
    Meaning{"AN002", 410, "", true, {}, "after"},
};

// What changes goes on, so a page is never asked for twice, and is not worth keeping.
constexpr Route of_feeds(Route route, Caching caching)
{
    route.asks_admin = true;
    route.caching = caching;
    route.meanings = feed_meanings;
    return route;
}

constexpr Route waiting(Route route)
{
    route.waits = true;
    return route;
}

constexpr Route page(std::string_view path, ParameterList in_path = {})
{
    return {.path = path, .method = "GET", .in_path = in_path, .render = render_asset, .caching = Caching::validated};
}

// The dashboard's filters are in its query.
constexpr Route dashboard(Route route)
{
    route.leaves_query = true;
    return route;
}

// The first row whose path fits names the resource, so literal paths are listed before names.
constexpr std::array table{
    read("/v1/analytics/events/recent", {}, recent_query, recent, render_page),
    read("/v1/analytics/events/{occurredAt}/{id}", event_path, {}, event, render_found),
    read("/v1/analytics/metrics/summary", {}, summary_query, summary, render_tagged),
    read("/v1/analytics/metrics/histogram", {}, histogram_query, histogram, render_tagged),
    read("/v1/analytics/projections", {}, {}, projections, render_text),
    read("/v1/analytics/projections/{name}", projection_path, projection_query, projection, render_projection),
    of_feeds(read("/v1/analytics/feeds", {}, {}, feeds, render_text), Caching::validated),
    waiting(of_feeds(read("/v1/analytics/feeds/{name}", feed_path, feed_query, feed, render_feed), Caching::none)),
    administer(read("/v1/analytics/dead-letters", {}, dead_letters_query, dead_letters, render_list)),
    administer(read("/v1/analytics/dead-letters/summary", {}, {}, dead_letter_summary, render_text)),
    Route{.path = "/v1/analytics/dead-letters/replay",
          .method = "POST",
          .scope = Scope::admin,
          .in_query = replay_query,
          .statement = &replay,
          .render = render_text},
    administer(read("/v1/analytics/dead-letters/{id}", dead_letter_path, {}, dead_letter, render_found)),
    store(Form::object, record_one, render_record),
    store(Form::array, record_batch, render_batch),
    store(Form::lines, record_batch, render_batch),
    Route{.path = "/v1/analytics/explain",
          .method = "POST",
          .scope = Scope::read,
          .form = Form::value,
          .statement = &explain,
          .render = render_text},
    dashboard(page("/")),
    page("/v1/openapi.json"),
    page("/docs"),
    page("/assets/{file}", asset_path),
    Route{.path = "/health", .method = "GET", .statement = &version, .render = render_up, .is_probe = true},
};

constexpr std::array admin_table{
    Route{.path = "/livez", .method = "GET", .render = render_up},
    Route{.path = "/metrics",
          .method = "GET",
          .statement = &database_metrics,
          .render = render_metrics,
          .is_optional = true},
    Route{.path = "/readyz", .method = "GET", .statement = &version, .render = render_up, .is_probe = true},
};

} // namespace

std::span<const Route> service_routes() noexcept
{
    return table;
}

std::span<const Route> admin_routes() noexcept
{
    return admin_table;
}

} // namespace analytics::http
