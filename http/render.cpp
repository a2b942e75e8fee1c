#include "render.hpp"

#include "assets.hpp"
#include "cursor.hpp"
#include "digest.hpp"
#include "problem.hpp"
#include "query.hpp"
#include "status.hpp"

namespace analytics::http {

namespace {

/** The same request from another place on; filters and limit go with it. */
void link_next(const Call &call, std::string_view next, Answer &page)
{
    std::string link = "<";
    link.append(call.path).append("?").append(query_with(call.query, cursor.name, next)).append(">; rel=\"next\"");
    page.headers.emplace_back("Link", std::move(link));
}

Answer none_of_this_name()
{
    return answer({.status = 404, .detail = "there is none of this name"});
}

/** A trigger gave the event another key, which is taken. */
Answer stored_elsewhere()
{
    return answer({.status = 409,
                   .detail = "what a trigger of the database makes of the event is stored already",
                   .code = "23505"});
}

constexpr std::string_view not_ready = "55000"; // object_not_in_prerequisite_state, as SQL says it

} // namespace

Answer render_text(const Outcome &outcome)
{
    return {.body = std::string(outcome.rows->text(0, 0))};
}

Answer render_tagged(const Outcome &outcome)
{
    return {.body = std::string(outcome.rows->text(0, 0)), .tag = digest(outcome.rows->text(0, 1))};
}

Answer render_found(const Outcome &outcome)
{
    if (outcome.rows->rows() == 0 || !outcome.rows->get(0, 0)) return none_of_this_name();
    return render_text(outcome);
}

Answer render_page(const Outcome &outcome)
{
    const runtime::Result &rows = *outcome.rows;
    Answer page{.body = std::string(rows.text(0, 0))};
    if (rows.is_true(0, 1)) link_next(outcome.call, encode({rows.integer(0, 2), std::string(rows.text(0, 3))}), page);
    return page;
}

Answer render_projection(const Outcome &outcome)
{
    if (outcome.rows->rows() == 0) return none_of_this_name();
    if (outcome.rows->text(0, 4) != "ready")
        return answer({.status = 409, .detail = "the projection is being built", .code = not_ready});
    return render_page(outcome);
}

Answer render_record(const Outcome &outcome)
{
    const runtime::Result &rows = *outcome.rows;
    const std::string_view verdict = rows.text(0, 0);
    if (verdict == "dropped") return {.status = 202, .body = R"({"outcome":"dropped"})"};
    if (verdict == "duplicate" && !rows.get(0, 4)) return stored_elsewhere();
    if (verdict != "refused") {
        Answer kept{.status = verdict == "stored" ? 201 : 200, .body = std::string(rows.text(0, 4))};
        std::string location(outcome.call.path); // a colon needs no encoding in a path
        location.append("/").append(rows.text(0, 5)).append("/").append(rows.text(0, 6));
        kept.headers.emplace_back("Location", std::move(location));
        return kept;
    }
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

Answer render_list(const Outcome &outcome)
{
    Answer page = render_text(outcome);
    if (const std::optional<std::string_view> next = outcome.rows->get(0, 1)) link_next(outcome.call, *next, page);
    return page;
}

Answer render_asset(const Outcome &outcome)
{
    return answer_asset(outcome.call.path);
}

Answer render_up(const Outcome & /*outcome*/)
{
    return up();
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
