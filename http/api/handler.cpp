#include "handler.hpp"

#include "../server/problem.hpp"
#include "outcome.hpp"
#include "path_template.hpp"
#include "render.hpp"

#include "../../runtime/array.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace analytics::http {

namespace {

constexpr std::string_view bad_parameter = "22023"; // invalid_parameter_value

/** For Allow: the methods of a path, or of all paths. */
std::string allowed(std::span<const Route> routes, std::optional<std::string_view> path)
{
    std::string methods;
    for (const Route &route : routes) {
        if ((path && route.path != *path) || methods.find(route.method) != std::string::npos) continue;
        methods.append(route.method).append(route.method == "GET" ? ", HEAD, " : ", ");
    }
    return methods + "OPTIONS";
}

Response options(std::string allow)
{
    return {.status = 204, .body = {}, .headers = {{"Allow", std::move(allow)}}};
}

std::string_view method_of(const Request &request)
{
    return request.method == "HEAD" ? "GET" : request.method;
}

Response bad_query(std::vector<ProblemError> errors)
{
    std::string detail = "bad parameter";
    for (const ProblemError &error : errors)
        detail.append(&error == &errors.front() ? " " : ", ").append(error.field).append(" ").append(error.detail);
    return response_of(
        {.status = 422, .detail = std::move(detail), .code = bad_parameter, .errors = std::move(errors)});
}

Response bad_type()
{
    Response refusal =
        response_of({.status = 415, .detail = "the body must be application/json or application/x-ndjson"});
    refusal.headers.emplace_back("Accept-Post", "application/json, application/x-ndjson");
    return refusal;
}

/** A body is not ignored: the client may have meant it to narrow the request. */
Response no_body()
{
    return response_of({.status = 415, .detail = "the resource has parameters but no body"});
}

/* All that the response to a GET depends on, besides the database. No field of a head has a line end. */
std::string question_of(const Request &request, const Caller &caller)
{
    return fmt::format("{}?{}\n{}\n{}", request.path, request.query, caller.is_admin, caller.tenant);
}

/* The route's statement, to be run. */
class StatementTask final : public Task {
public:
    StatementTask(const Request &request, const Route &route, Arguments arguments, Caller caller, Database &database,
                  const runtime::Metrics *metrics)
        : request_(request), route_(route), arguments_(std::move(arguments)), caller_(std::move(caller)),
          database_(database), metrics_(metrics),
          question_(route.method == "GET" && !is_probe() ? question_of(request, caller_) : std::string())
    {
    }

    [[nodiscard]] bool is_probe() const noexcept override { return route_.is_probe || route_.is_optional; }
    [[nodiscard]] std::string_view question() const noexcept override { return question_; }

    Response run(std::size_t worker) override
    {
        Response result;
        try {
            result = respond(worker);
        } catch (const runtime::DbError &error) {
            result = without_rows(error);
        } catch (const std::exception &error) {
            result = broken(error.what());
        } catch (...) {
            result = broken("unknown exception");
        }
        return completed(std::move(result), route_);
    }

    Response give_up() override { return completed(without_rows(no_session()), route_); }

private:
    [[nodiscard]] Response without_rows(const runtime::DbError &error) const
    {
        return route_.is_optional ? route_.render({.request = request_, .metrics = metrics_})
                                  : failed(error, route_, caller_);
    }

    Response respond(std::size_t worker)
    {
        runtime::Parameters parameters;
        for (const Argument &argument : arguments_) parameters.text(argument);
        runtime::ArrayWriter records(runtime::Element::bytea);
        switch (route_.form) {
        case Form::none:
            break;
        case Form::object:
        case Form::value:
            parameters.binary(request_.body);
            break;
        case Form::array:
            parameters.binary(request_.body).null().integer(max_items);
            break;
        case Form::lines:
            for (const std::string_view record : records_of_lines(request_.body, max_items)) records.bytes(record);
            if (records.size() > max_items) return too_many_items();
            parameters.null().binary(records.view()).integer(max_items);
            break;
        }
        const runtime::Result rows = database_.run(worker, *route_.statement, parameters, caller_.tenant);
        return route_.render({.request = request_, .rows = &rows, .metrics = metrics_});
    }

    const Request &request_;
    const Route &route_;
    Arguments arguments_;
    Caller caller_;
    Database &database_;
    const runtime::Metrics *metrics_;
    std::string question_;
};

} // namespace

Begun Handler::operator()(const Request &request) const
{
    const Route *route = nullptr;
    Begun begun;
    try {
        begun = begin(request, route);
    } catch (const std::exception &error) {
        begun = broken(error.what());
    } catch (...) {
        begun = broken("unknown exception");
    }
    if (Response *response = std::get_if<Response>(&begun); response != nullptr && route != nullptr)
        *response = completed(std::move(*response), *route);
    return begun;
}

Begun Handler::begin(const Request &request, const Route *&route) const
{
    const auto find = [&](auto is_right) {
        const auto found = std::find_if(routes_.begin(), routes_.end(), is_right);
        return found == routes_.end() ? nullptr : &*found;
    };
    const auto is_method = [&](const Route &row) {
        return row.path == route->path && row.method == method_of(request);
    };

    if (request.method == "OPTIONS" && request.path == "*") return options(allowed(routes_, std::nullopt));
    std::optional<std::vector<std::string_view>> segments;
    route = find([&](const Route &row) { return (segments = match(row.path, request.path)).has_value(); });
    if (route == nullptr) return response_of({.status = 404, .detail = "no such resource"});
    if (request.method == "OPTIONS") return options(allowed(routes_, route->path));

    const Route *const row = find(is_method);
    if (row == nullptr)
        return response_of({.status = 405,
                            .detail = "the resource does not have this method",
                            .allow = allowed(routes_, route->path)});

    Caller caller;
    if (keyed_) {
        auto verdict = keyed_->access.authorize(request, row->scope);
        if (Response *refusal = std::get_if<Response>(&verdict)) return std::move(*refusal);
        caller = std::move(std::get<Caller>(verdict));
    } else if (row->scope != Scope::none) {
        return broken("a route that needs a key has no access control");
    }

    Query query;
    read_path(*segments, row->in_path, query);
    if (!row->leaves_query) read_query(request.query, row->in_query, query);
    if (!query.errors.empty()) return bad_query(std::move(query.errors));
    if (row->waits && keyed_->feeds != nullptr && Feeds::is_wanted(request, query.arguments))
        return keyed_->feeds->begin(request, *row, std::move(query.arguments), caller, keyed_->access);
    if (row->waits) query.arguments.pop_back();
    if (row->asks_admin) query.arguments.emplace_back(caller.is_admin ? "true" : "false");

    if (row->form == Form::none) {
        if (!request.body.empty()) return no_body();
        return begin(request, *row, std::move(query.arguments), std::move(caller));
    }
    const Form form = form_of(request.content_type, request.body);
    const Route *const reader =
        find([&](const Route &candidate) { return is_method(candidate) && takes(candidate.form, form); });
    if (form == Form::none || reader == nullptr) return bad_type();
    return begin(request, *reader, std::move(query.arguments), std::move(caller));
}

Begun Handler::begin(const Request &request, const Route &route, Arguments arguments, Caller caller) const
{
    if (route.is_probe && stop_.stop_requested()) return down();
    if (route.statement == nullptr) return route.render({.request = request, .metrics = metrics_});
    Database &database = route.is_probe ? probe_ : caller.tenant.empty() ? database_ : keyed_->tenants;
    return std::make_unique<StatementTask>(request, route, std::move(arguments), std::move(caller), database, metrics_);
}

} // namespace analytics::http
