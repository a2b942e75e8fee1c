#include "handle.hpp"

#include "media_type.hpp"
#include "ndjson.hpp"
#include "path.hpp"
#include "problem.hpp"
#include "render.hpp"
#include "status.hpp"

#include "../runtime/array.hpp"

#include <algorithm>

namespace analytics::http {

namespace {

constexpr std::string_view bad_parameter = "22023"; // invalid_parameter_value
constexpr std::string_view bad_value = "22";        // the class that it is of
constexpr std::string_view internal_error = "internal error";
constexpr std::string_view no_right = "42501"; // insufficient_privilege, row-level security's too
constexpr int retry_after = 2;                 // seconds: a failover takes some, a full pool less

/** For Allow: the methods of a path, or of any. */
std::string allowed(std::span<const Route> routes, std::optional<std::string_view> path)
{
    std::string methods;
    for (const Route &route : routes) {
        if ((path && route.path != *path) || methods.find(route.method) != std::string::npos) continue;
        methods.append(route.method).append(route.method == "GET" ? ", HEAD, " : ", ");
    }
    return methods + "OPTIONS";
}

Answer options(std::string allow)
{
    return {.status = 204, .body = {}, .headers = {{"Allow", std::move(allow)}}};
}

std::string_view method_of(const Call &call)
{
    return call.method == "HEAD" ? "GET" : call.method;
}

/** The form of the body, or none when its type is not taken. */
Form form_of(const Call &call)
{
    switch (media_type_of(call.content_type)) {
    case MediaType::json: {
        const std::size_t first = call.body.find_first_not_of(" \t\r\n");
        return first != std::string_view::npos && call.body[first] == '[' ? Form::array : Form::object;
    }
    case MediaType::ndjson:
        return Form::lines;
    case MediaType::other:
        break;
    }
    return Form::none;
}

Answer bad_query(std::vector<Fault> faults)
{
    std::string detail = "bad parameter";
    for (const Fault &fault : faults)
        detail.append(&fault == &faults.front() ? " " : ", ").append(fault.field).append(" ").append(fault.detail);
    return answer({.status = 422, .detail = std::move(detail), .code = bad_parameter, .errors = std::move(faults)});
}

Answer bad_type()
{
    Answer refusal = answer({.status = 415, .detail = "the body must be application/json or application/x-ndjson"});
    refusal.headers.emplace_back("Accept-Post", "application/json, application/x-ndjson");
    return refusal;
}

/** Ignored, a body could be what was meant to narrow the request. */
Answer no_body()
{
    return answer({.status = 415, .detail = "the resource takes no body, only parameters"});
}

/** Of the route's parameters, those that the message is about. */
std::vector<Fault> faults_of(const Route &route, std::string_view message)
{
    std::vector<Fault> faults;
    for (const ParameterList list : {route.in_path, route.in_query})
        for (const Parameter *parameter : list)
            if (parameter->is_subject_of(message))
                faults.push_back({.field = std::string(parameter->name), .reason = {}, .detail = std::string(message)});
    return faults;
}

/* A value that the database does not take (class 22) is the client's when it has sent one: a body, or the parameter
 * that the message names. Any other is among what is stored, which is our matter. */
Answer failed(const runtime::DbError &error, const Route *route, const Caller &caller)
{
    const Meaning &meaning = meaning_of(error.sqlstate());
    Problem problem{.status = meaning.status,
                    .detail = meaning.tells_message ? error.what() : std::string(meaning.detail),
                    .code = error.sqlstate()};
    if (error.sqlstate().starts_with(bad_value) && route != nullptr) {
        problem.errors = faults_of(*route, error.what());
        if (problem.errors.empty() && route->form == Form::none)
            problem = {.status = 500, .detail = std::string(internal_error), .code = error.sqlstate()};
    }
    if (meaning.status == 503) problem.retry_after = retry_after;
    if (error.sqlstate() == no_right && !caller.tenant.empty())
        problem.detail = "the key is bound to a tenant: it may read and write that tenant's events alone";
    if (!meaning.reason.empty() && problem.status == meaning.status)
        problem.errors.push_back({.field = {}, .reason = std::string(meaning.reason), .detail = problem.detail});
    Answer result = answer(problem);
    result.sqlstate = error.sqlstate();
    if (problem.status >= 500) result.cause = error.what();
    return result;
}

Answer broken(std::string_view cause)
{
    Answer result = answer({.status = 500, .detail = std::string(internal_error)});
    result.cause = cause;
    return result;
}

} // namespace

Answer Handler::operator()(const Call &call) const
{
    const Route *route = nullptr;
    Caller caller;
    Answer result;
    try {
        result = serve(call, route, caller);
    } catch (const runtime::DbError &error) {
        result = failed(error, route, caller);
    } catch (const std::exception &error) {
        result = broken(error.what());
    } catch (...) {
        result = broken("unknown exception");
    }
    if (route == nullptr) return result;
    if (route->is_probe && result.status >= 500) {
        Answer sick = down();
        result.status = sick.status;
        result.body = std::move(sick.body);
        result.content_type = sick.content_type;
    }
    result.route = route->path;
    if (result.status == 200 && result.caching == Caching::none) result.caching = route->caching;
    return result;
}

Answer Handler::serve(const Call &call, const Route *&route, Caller &caller) const
{
    const auto find = [&](auto is_right) {
        const auto found = std::find_if(routes_.begin(), routes_.end(), is_right);
        return found == routes_.end() ? nullptr : &*found;
    };
    const auto is_method = [&](const Route &row) { return row.path == route->path && row.method == method_of(call); };

    if (call.method == "OPTIONS" && call.path == "*") return options(allowed(routes_, std::nullopt));
    std::optional<std::vector<std::string_view>> segments;
    route = find([&](const Route &row) { return (segments = match(row.path, call.path)).has_value(); });
    if (route == nullptr) return answer({.status = 404, .detail = "no such resource"});
    if (call.method == "OPTIONS") return options(allowed(routes_, route->path));

    const Route *const row = find(is_method);
    if (row == nullptr)
        return answer({.status = 405,
                       .detail = "the resource does not take this method",
                       .allow = allowed(routes_, route->path)});

    if (door_) {
        auto verdict = door_->access.judge(call, row->scope);
        if (Answer *refusal = std::get_if<Answer>(&verdict)) return std::move(*refusal);
        caller = std::move(std::get<Caller>(verdict));
    } else if (row->scope != Scope::none) {
        return broken("a route that needs a key has no door");
    }

    Query query;
    read_path(*segments, row->in_path, query);
    if (!row->leaves_query) read_query(call.query, row->in_query, query);
    if (!query.faults.empty()) return bad_query(std::move(query.faults));

    if (row->form == Form::none) return call.body.empty() ? run(call, *row, query.arguments, caller) : no_body();
    const Form form = form_of(call);
    const Route *const reader =
        find([&](const Route &candidate) { return is_method(candidate) && candidate.form == form; });
    return form == Form::none || reader == nullptr ? bad_type() : run(call, *reader, query.arguments, caller);
}

Answer Handler::run(const Call &call, const Route &route, const Arguments &arguments, const Caller &caller) const
{
    if (route.is_probe && stop_.stop_requested()) return down();
    if (route.statement == nullptr) return route.render({.call = call, .rows = nullptr});

    runtime::Parameters parameters;
    for (const Argument &argument : arguments) parameters.text(argument);
    runtime::ArrayWriter records(runtime::Element::bytea);
    switch (route.form) {
    case Form::none:
        break;
    case Form::object:
        parameters.binary(call.body);
        break;
    case Form::array:
        parameters.binary(call.body).null().integer(max_items);
        break;
    case Form::lines:
        for (const std::string_view record : records_of_lines(call.body, max_items)) records.bytes(record);
        if (records.size() > max_items) return too_many_items();
        parameters.null().binary(records.view()).integer(max_items);
        break;
    }
    Database &database = route.is_probe ? probe_ : caller.tenant.empty() ? database_ : door_->tenants;
    const runtime::Result rows = database.run(*route.statement, parameters, caller.tenant);
    return route.render({.call = call, .rows = &rows});
}

} // namespace analytics::http
