#include "outcome.hpp"

#include "../server/problem.hpp"
#include "render.hpp"
#include "status.hpp"

namespace analytics::http {

namespace {

constexpr std::string_view bad_value = "22"; // the class that it is of
constexpr std::string_view internal_error = "internal error";
constexpr std::string_view no_right = "42501"; // insufficient_privilege, row-level security's too
constexpr int retry_after = 2;                 // seconds: a failover takes some, a full pool less

/** Those of the route's parameters that the message is about. */
std::vector<ProblemError> errors_of(const Route &route, std::string_view message)
{
    std::vector<ProblemError> errors;
    for (const ParameterList list : {route.in_path, route.in_query})
        for (const Parameter *parameter : list)
            if (parameter->is_subject_of(message))
                errors.push_back({.field = std::string(parameter->name), .reason = {}, .detail = std::string(message)});
    return errors;
}

} // namespace

/* A value that the database refuses (class 22) is the client's error if the client sent it: as a body, or as the
 * parameter that the message names. Any other value is stored data, so the error is internal. */
Response failed(const runtime::DbError &error, const Route &route, const Caller &caller)
{
    const Meaning &meaning = meaning_of(error.sqlstate(), route.meanings);
    Problem problem{.status = meaning.status,
                    .detail = meaning.shows_message ? error.what() : std::string(meaning.detail),
                    .code = error.sqlstate()};
    if (error.sqlstate().starts_with(bad_value)) {
        problem.errors = errors_of(route, error.what());
        if (problem.errors.empty() && route.form == Form::none)
            problem = {.status = 500, .detail = std::string(internal_error), .code = error.sqlstate()};
    }
    if (meaning.status == 503) problem.retry_after = retry_after;
    if (!meaning.field.empty())
        problem.errors.push_back({.field = std::string(meaning.field), .reason = {}, .detail = error.detail()});
    if (error.sqlstate() == no_right && !caller.tenant.empty() && route.meanings.empty())
        problem.detail = "the key is bound to a tenant: it may read and write that tenant's events alone";
    if (!meaning.reason.empty() && problem.status == meaning.status)
        problem.errors.push_back({.field = {}, .reason = std::string(meaning.reason), .detail = problem.detail});
    Response result = response_of(problem);
    result.sqlstate = error.sqlstate();
    if (problem.status >= 500) result.cause = error.what();
    return result;
}

Response broken(std::string_view cause)
{
    Response result = response_of({.status = 500, .detail = std::string(internal_error)});
    result.cause = cause;
    return result;
}

runtime::DbError no_session()
{
    return {"53300", "no database connection became free in time"};
}

Response completed(Response result, const Route &route)
{
    if (route.is_probe && result.status >= 500) {
        Response sick = down();
        result.status = sick.status;
        result.body = std::move(sick.body);
        result.content_type = sick.content_type;
    }
    result.route = route.path;
    if (result.status == 200 && result.caching == Caching::none) result.caching = route.caching;
    return result;
}

} // namespace analytics::http
