#include "responder.hpp"

#include "../../extension/core/text/ascii.hpp"
#include "digest.hpp"
#include "gzip.hpp"

namespace analytics::http {

namespace {

bool reads(const Request &request) noexcept
{
    return request.method == "GET" || request.method == "HEAD";
}

bool is_worth_compressing(std::string_view content) noexcept
{
    return content.size() >= min_compressed && content.size() <= max_compressed;
}

void tag(Response &response)
{
    if (response.caching != Caching::none && response.tag.empty()) response.tag = digest(response.content());
}

void validate(const Request &request, Response &response)
{
    if (response.caching == Caching::none || !reads(request)) return;
    tag(response);
    response.headers.emplace_back("ETag", "W/\"" + response.tag + "\"");
    if (!names_tag(request.if_none_match, response.tag)) return;
    response.status = 304;
    response.body.clear();
    response.asset = {};
    response.gzip = {};
    response.shared = {};
}

void compress(const Request &request, Response &response)
{
    if (response.goes_on) return;
    const bool is_worth_it = !response.gzip.empty() || is_worth_compressing(response.content());
    if (response.caching != Caching::none || is_worth_it) response.headers.emplace_back("Vary", "Accept-Encoding");
    if (!is_worth_it || !takes_gzip(request.accept_encoding)) return;
    if (!response.gzip.empty()) {
        response.asset = response.gzip;
    } else if (std::optional<std::string> smaller = gzip(response.content())) {
        response.body = std::move(*smaller);
        response.asset = {};
        response.shared = {};
    } else {
        return;
    }
    response.headers.emplace_back("Content-Encoding", "gzip");
}

} // namespace

bool names_tag(std::string_view if_none_match, std::string_view tag) noexcept
{
    if (core::trimmed(if_none_match) == "*") return true;
    // A tag has no quote in it, so every second piece between quotes is a tag.
    for (bool is_tag = false; !if_none_match.empty(); is_tag = !is_tag)
        if (core::take_until('"', if_none_match) == tag && is_tag) return true;
    return false;
}

std::optional<Problem> Responder::check(const Request &request) const
{
    if (!request.authority.empty()) {
        const auto called = runtime::read_authority(request.authority);
        if (!called || !names_.contain(*called))
            return Problem{.status = 421, .detail = "the host is not one of the service's names"};
    }
    if (cors_.is_foreign_change(request))
        return Problem{.status = 403, .detail = "a page of another site may not change anything"};
    return std::nullopt;
}

Begun Responder::begin(const Request &request) const
{
    if (const std::optional<Problem> problem = check(request)) return response_of(*problem);
    return handler_(request);
}

void Responder::share(Response &response, bool compressed)
{
    struct Content {
        std::string plain;
        std::string gzip;
    };
    tag(response);
    if (!response.asset.empty()) return;
    auto content = std::make_shared<Content>();
    content->plain = std::move(response.body);
    if (compressed && is_worth_compressing(content->plain)) content->gzip = gzip(content->plain).value_or("");
    response.body = {};
    response.asset = content->plain;
    response.gzip = content->gzip;
    response.shared = std::move(content);
}

Response Responder::refuse(const Problem &problem, const Request &request) const
{
    return finish(request, response_of(problem));
}

Response Responder::finish(const Request &request, Response response) const
{
    validate(request, response);
    compress(request, response);
    cors_.mark(request, response);
    return response;
}

} // namespace analytics::http
