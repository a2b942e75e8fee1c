#include "cors.hpp"

#include "ascii.hpp"

#include <algorithm>

namespace analytics::http {

Cors::Cors(std::string_view origins)
{
    while (!origins.empty())
        if (const std::string_view origin = trimmed(take_until(',', origins)); !origin.empty())
            origins_.emplace(origin);
}

void Cors::mark(const Call &call, Answer &answer) const
{
    if (origins_.empty()) return;
    const bool takes_any = origins_.contains("*");
    if (!takes_any) answer.headers.emplace_back("Vary", "Origin");
    if (call.origin.empty() || (!takes_any && !origins_.contains(call.origin))) return;

    const auto add = [&](const char *name, std::string value) { answer.headers.emplace_back(name, std::move(value)); };
    add("Access-Control-Allow-Origin", takes_any ? "*" : std::string(call.origin));
    add("Access-Control-Expose-Headers", "ETag, Link, Location, Retry-After, WWW-Authenticate");
    if (call.method != "OPTIONS" || call.requested_method.empty()) return;

    const auto allow = std::find_if(answer.headers.begin(), answer.headers.end(),
                                    [](const auto &header) { return header.first == "Allow"; });
    if (allow == answer.headers.end()) return;
    add("Access-Control-Allow-Methods", std::string(allow->second));
    add("Access-Control-Allow-Headers", "Authorization, Content-Type, If-None-Match, Traceparent");
    add("Access-Control-Max-Age", "600");
}

} // namespace analytics::http
