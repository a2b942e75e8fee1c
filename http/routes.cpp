#include "routes.hpp"

#include "cursor.hpp"
#include "problem.hpp"
#include "query.hpp"
#include "status.hpp"

#include <array>

namespace analytics::http {

namespace {

constexpr std::string_view recent_path = "/v1/analytics/events/recent";
constexpr std::string_view events_path = "/v1/analytics/events";

constexpr std::array recent_parameters{&limit, &cursor, &tenant_id, &event_type};
constexpr std::array summary_parameters{&window_minutes, &reference, &tenant_id};

// The places of recent's arguments: the cursor is two.
constexpr std::size_t limit_at = 0;
constexpr std::size_t tenant_at = 3;
constexpr std::size_t type_at = 4;

/** Filters and limit go with the link. */
std::string next_link(const Arguments &arguments, const Cursor &last)
{
    std::string link = "<";
    link.append(recent_path).append("?limit=").append(*arguments[limit_at]);
    link.append("&cursor=").append(encode(last));
    const auto add = [&](const Parameter &parameter, const Argument &argument) {
        if (!argument) return;
        link.append("&").append(parameter.name).append("=");
        append_encoded(link, *argument);
    };
    add(tenant_id, arguments[tenant_at]);
    add(event_type, arguments[type_at]);
    return link + ">; rel=\"next\"";
}

Answer render_page(const Outcome &outcome)
{
    const runtime::Result &rows = *outcome.rows;
    Answer page{.body = std::string(rows.text(0, 0))};
    if (rows.is_true(0, 1))
        page.headers.emplace_back("Link",
                                  next_link(outcome.arguments, {rows.integer(0, 2), std::string(rows.text(0, 3))}));
    return page;
}

Answer render_text(const Outcome &outcome)
{
    return {.body = std::string(outcome.rows->text(0, 0))};
}

Answer render_record(const Outcome &outcome)
{
    const runtime::Result &rows = *outcome.rows;
    const std::string_view verdict = rows.text(0, 0);
    if (verdict != "refused") return {.status = verdict == "stored" ? 201 : 200, .body = std::string(rows.text(0, 4))};
    const std::string reason(rows.text(0, 1));
    const std::string detail(rows.get(0, 2).value_or(reason));
    return answer({.status = status_of_refusal(reason),
                   .detail = detail,
                   .code = rows.text(0, 3),
                   .errors = {{.field = {}, .reason = reason, .detail = detail}}});
}

Answer render_batch(const Outcome &outcome)
{
    if (outcome.rows->integer(0, 0) > static_cast<std::int64_t>(max_items)) return too_many_items();
    return {.body = std::string(outcome.rows->text(0, 1))};
}

Answer render_up(const Outcome & /*outcome*/)
{
    return up();
}

constexpr std::array table{
    Route{.path = recent_path,
          .method = "GET",
          .parameters = recent_parameters,
          .statement = &recent,
          .render = render_page},
    Route{.path = "/v1/analytics/metrics/summary",
          .method = "GET",
          .parameters = summary_parameters,
          .statement = &summary,
          .render = render_text},
    Route{
        .path = events_path, .method = "POST", .form = Form::object, .statement = &record_one, .render = render_record},
    Route{
        .path = events_path, .method = "POST", .form = Form::array, .statement = &record_batch, .render = render_batch},
    Route{
        .path = events_path, .method = "POST", .form = Form::lines, .statement = &record_batch, .render = render_batch},
    Route{.path = "/health", .method = "GET", .statement = &version, .render = render_up, .is_probe = true},
};

} // namespace

std::span<const Route> service_routes() noexcept
{
    return table;
}

Answer up()
{
    return {.body = R"({"status":"UP"})"};
}

Answer down()
{
    return {.status = 503, .body = R"({"status":"DOWN"})"};
}

Answer too_many_items()
{
    const std::string detail = "the body has more than " + std::to_string(max_items) + " items";
    return answer({.status = 413, .detail = detail, .errors = {{.field = {}, .reason = {}, .detail = detail}}});
}

} // namespace analytics::http
