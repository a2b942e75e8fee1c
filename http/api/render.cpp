#include "render.hpp"

#include "../../runtime/metrics.hpp"
#include "../server/digest.hpp"
#include "../server/problem.hpp"
#include "../web/assets.hpp"
#include "cursor.hpp"
#include "feed_page.hpp"
#include "query.hpp"
#include "status.hpp"

#include <fmt/format.h>

namespace analytics::http {

namespace {

/** The same request from another place on; filters and limit go with it. */
void link_next(const Request &request, std::string_view next, Response &page)
{
    std::string link = "<";
    link.append(request.path)
        .append("?")
        .append(query_with(request.query, cursor.name, next))
        .append(">; rel=\"next\"");
    page.headers.emplace_back("Link", std::move(link));
}

/** A trigger gave the event another key, which is taken. */
Response stored_elsewhere()
{
    return response_of(
        {.status = 409, .detail = "a trigger changes the event into one that is stored already", .code = "23505"});
}

constexpr std::string_view not_ready = "55000"; // object_not_in_prerequisite_state, as SQL says it

} // namespace

Response render_text(const Exchange &exchange)
{
    return {.body = std::string(exchange.rows->text(0, 0))};
}

Response render_tagged(const Exchange &exchange)
{
    return {.body = std::string(exchange.rows->text(0, 0)), .tag = digest(exchange.rows->text(0, 1))};
}

Response render_found(const Exchange &exchange)
{
    return exchange.rows->get(0, 0) ? render_text(exchange) : none_of_this_name();
}

Response render_page(const Exchange &exchange)
{
    const runtime::Result &rows = *exchange.rows;
    Response page{.body = std::string(rows.text(0, 0))};
    if (rows.is_true(0, 1))
        link_next(exchange.request, encode({rows.integer(0, 2), std::string(rows.text(0, 3))}), page);
    return page;
}

Response render_projection(const Exchange &exchange)
{
    const std::optional<std::string_view> state = exchange.rows->get(0, 4);
    if (!state) return none_of_this_name();
    if (*state != "ready")
        return response_of({.status = 409, .detail = "the projection is being built", .code = not_ready});
    return render_page(exchange);
}

Response render_feed(const Exchange &exchange)
{
    const std::optional<FeedPage> page = read_feed_page(*exchange.rows);
    return page ? Response{.body = body_of(*page)} : none_of_this_name();
}

Response render_record(const Exchange &exchange)
{
    const runtime::Result &rows = *exchange.rows;
    const std::string_view verdict = rows.text(0, 0);
    if (verdict == "dropped") return {.status = 202, .body = R"({"outcome":"dropped"})"};
    if (verdict == "duplicate" && !rows.get(0, 4)) return stored_elsewhere();
    if (verdict != "refused") {
        Response kept{.status = verdict == "stored" ? 201 : 200, .body = std::string(rows.text(0, 4))};
        std::string location(exchange.request.path); // a colon needs no encoding in a path
        location.append("/").append(rows.text(0, 5)).append("/").append(rows.text(0, 6));
        kept.headers.emplace_back("Location", std::move(location));
        return kept;
    }
    const std::string reason(rows.text(0, 1));
    const std::string detail(rows.get(0, 2).value_or(reason));
    return response_of({.status = status_of_refusal(reason),
                        .detail = detail,
                        .code = rows.text(0, 3),
                        .errors = {{.field = {}, .reason = reason, .detail = detail}}});
}

Response render_batch(const Exchange &exchange)
{
    if (exchange.rows->integer(0, 0) > static_cast<std::int64_t>(max_items)) return too_many_items();
    return {.body = std::string(exchange.rows->text(0, 1))};
}

Response render_list(const Exchange &exchange)
{
    Response page = render_text(exchange);
    if (exchange.rows->is_true(0, 1)) link_next(exchange.request, exchange.rows->text(0, 3), page);
    return page;
}

Response render_asset(const Exchange &exchange)
{
    return asset_response(exchange.request.path);
}

Response render_up(const Exchange & /*exchange*/)
{
    return up();
}

Response render_metrics(const Exchange &exchange)
{
    using runtime::add, runtime::gauge, runtime::gauge_family;
    runtime::MetricFamilies families;
    if (exchange.rows != nullptr) {
        const auto number = [&](int column) { return static_cast<double>(exchange.rows->integer(0, column)); };
        runtime::gauge(
            families, "analytics_maintained_at",
            "When every part of analytics_maintain had last succeeded, in seconds since the Unix epoch; 0: never.",
            number(0));
        runtime::gauge(families, "analytics_maintenance_failed_parts",
                       "Parts of analytics_maintain that failed when they last ran.", number(1));
        prometheus::MetricFamily &groups = runtime::gauge_family(
            families, "analytics_consumer_groups",
            "Consumer groups, by state: only the lag of those that are counted is in lagRecords.");
        runtime::add(groups, {{"state", "counted"}}, number(2));
        runtime::add(groups, {{"state", "timed_out"}}, number(3));
        runtime::add(groups, {{"state", "retired"}}, number(4));
    }
    return {.body = exchange.metrics->exposition(std::move(families)), .content_type = runtime::Metrics::content_type};
}

Response up()
{
    return {.body = R"({"status":"UP"})"};
}

Response down()
{
    return {.status = 503, .body = R"({"status":"DOWN"})"};
}

Response none_of_this_name()
{
    return response_of({.status = 404, .detail = "there is no resource with this name"});
}

Response too_many_items()
{
    const std::string detail = fmt::format("the body has more than {} items", max_items);
    return response_of({.status = 413, .detail = detail, .errors = {{.field = {}, .reason = {}, .detail = detail}}});
}

} // namespace analytics::http
