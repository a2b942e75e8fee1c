#include "problem.hpp"

#include "../../runtime/json.hpp"

#include <array>

namespace analytics::http {

namespace {

struct Phrase {
    int status;
    std::string_view title;
};

constexpr std::array phrases{
    Phrase{200, "OK"},
    Phrase{201, "Created"},
    Phrase{204, "No Content"},
    Phrase{304, "Not Modified"},
    Phrase{400, "Bad Request"},
    Phrase{401, "Unauthorized"},
    Phrase{403, "Forbidden"},
    Phrase{404, "Not Found"},
    Phrase{405, "Method Not Allowed"},
    Phrase{408, "Request Timeout"},
    Phrase{409, "Conflict"},
    Phrase{410, "Gone"},
    Phrase{411, "Length Required"},
    Phrase{413, "Content Too Large"},
    Phrase{414, "URI Too Long"},
    Phrase{415, "Unsupported Media Type"},
    Phrase{417, "Expectation Failed"},
    Phrase{421, "Misdirected Request"},
    Phrase{422, "Unprocessable Content"},
    Phrase{429, "Too Many Requests"},
    Phrase{431, "Request Header Fields Too Large"},
    Phrase{500, "Internal Server Error"},
    Phrase{501, "Not Implemented"},
    Phrase{503, "Service Unavailable"},
    Phrase{504, "Gateway Timeout"},
    Phrase{505, "HTTP Version Not Supported"},
};

void append_member(std::string &out, std::string_view name, std::string_view value)
{
    if (out.back() != '{') out += ',';
    runtime::append_json_string(out, name);
    out += ':';
    runtime::append_json_string(out, value);
}

void append_error(std::string &out, const ProblemError &error)
{
    if (out.back() != '[') out += ',';
    out += '{';
    if (!error.field.empty()) append_member(out, "field", error.field);
    if (!error.reason.empty()) append_member(out, "reason", error.reason);
    if (!error.detail.empty()) append_member(out, "detail", error.detail);
    out += '}';
}

} // namespace

std::string_view title(int status) noexcept
{
    for (const Phrase &phrase : phrases)
        if (phrase.status == status) return phrase.title;
    return "Unknown";
}

Response response_of(const Problem &problem)
{
    std::string body = "{";
    append_member(body, "type", "about:blank");
    append_member(body, "title", title(problem.status));
    body += ",\"status\":" + std::to_string(problem.status);
    append_member(body, "detail", problem.detail);
    if (problem.code.empty())
        body += ",\"code\":null";
    else
        append_member(body, "code", problem.code);
    body += ",\"errors\":[";
    for (const ProblemError &error : problem.errors) append_error(body, error);
    body += "]}";

    Response result{.status = problem.status, .body = std::move(body), .content_type = "application/problem+json"};
    if (!problem.allow.empty()) result.headers.emplace_back("Allow", problem.allow);
    if (problem.retry_after) result.headers.emplace_back("Retry-After", std::to_string(*problem.retry_after));
    return result;
}

} // namespace analytics::http
