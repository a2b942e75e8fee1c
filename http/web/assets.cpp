#include "assets.hpp"

#include "../server/problem.hpp"

#include <algorithm>

namespace analytics::http {

namespace {

// What a page is made of is files of ours.
constexpr std::string_view policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
                                    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

// The viewer sets styles of single elements, by markup.
constexpr std::string_view viewer = "/docs";
constexpr std::string_view viewer_policy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
                                           "img-src 'self' data:; connect-src 'self'; "
                                           "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

} // namespace

Response asset_response(std::string_view path)
{
    const std::span<const Asset> known = assets();
    const auto asset = std::find_if(known.begin(), known.end(), [&](const Asset &one) { return one.path == path; });
    if (asset == known.end()) return response_of({.status = 404, .detail = "no such resource"});
    Response found{.body = {}, .content_type = asset->content_type};
    found.asset = asset->bytes;
    found.caching = asset->caching;
    found.tag = asset->hash;
    found.gzip = asset->gzip;
    if (asset->content_type.starts_with("text/html")) {
        found.headers.emplace_back("Content-Security-Policy", path == viewer ? viewer_policy : policy);
        found.headers.emplace_back("Referrer-Policy", "no-referrer");
    }
    return found;
}

} // namespace analytics::http
