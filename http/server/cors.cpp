#include "cors.hpp"

#include "../../extension/core/text/ascii.hpp"
#include "../../runtime/host_names.hpp"

#include <algorithm>

namespace analytics::http {

namespace {

bool is_safe(std::string_view method) noexcept
{
    return method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "TRACE";
}

/** Whether a page of the origin was loaded from the authority. The scheme is the origin's, since a proxy that speaks
 * TLS may be in front of the service. */
bool is_of(std::string_view origin, std::string_view authority)
{
    const std::size_t scheme = origin.find("://");
    if (scheme == std::string_view::npos) return false;
    const std::string usual = origin.substr(0, scheme) == "https" ? "443" : "80";
    auto page = runtime::read_authority(origin.substr(scheme + 3));
    auto called = runtime::read_authority(authority);
    if (!page || !called) return false;
    if (page->port.empty()) page->port = usual;
    if (called->port.empty()) called->port = usual;
    return page->host == called->host && page->port == called->port;
}

} // namespace

Cors::Cors(std::string_view origins)
{
    while (!origins.empty())
        if (const std::string_view origin = core::take_item(origins); !origin.empty()) origins_.emplace(origin);
}

bool Cors::lists(std::string_view origin) const
{
    return !origin.empty() && (origins_.contains("*") || origins_.contains(origin));
}

bool Cors::is_foreign_change(const Request &request) const
{
    if (is_safe(request.method) || lists(request.origin)) return false;
    if (!request.origin.empty() && !is_of(request.origin, request.authority)) return true;
    return !request.fetch_site.empty() && request.fetch_site != "same-origin" && request.fetch_site != "none";
}

void Cors::mark(const Request &request, Response &response) const
{
    if (origins_.empty()) return;
    const bool takes_any = origins_.contains("*");
    if (!takes_any) response.headers.emplace_back("Vary", "Origin");
    if (!lists(request.origin)) return;

    const auto add = [&](const char *name, std::string value) {
        response.headers.emplace_back(name, std::move(value));
    };
    add("Access-Control-Allow-Origin", takes_any ? "*" : std::string(request.origin));
    add("Access-Control-Expose-Headers", "ETag, Link, Location, Retry-After, WWW-Authenticate");
    if (request.method != "OPTIONS" || request.requested_method.empty()) return;

    const auto allow = std::find_if(response.headers.begin(), response.headers.end(),
                                    [](const auto &header) { return header.first == "Allow"; });
    if (allow == response.headers.end()) return;
    add("Access-Control-Allow-Methods", std::string(allow->second));
    add("Access-Control-Allow-Headers", "Authorization, Content-Type, If-None-Match, Last-Event-ID, Traceparent");
    add("Access-Control-Max-Age", "600");
}

} // namespace analytics::http
