#include "assets.hpp"

#include "problem.hpp"

#include <algorithm>

namespace analytics::http {

namespace {

// Viewers set styles of single elements; all else must be a file of ours.
constexpr const char *policy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
                               "img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; "
                               "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

} // namespace

Answer answer_asset(std::string_view path)
{
    const std::span<const Asset> known = assets();
    const auto asset = std::find_if(known.begin(), known.end(), [&](const Asset &one) { return one.path == path; });
    if (asset == known.end()) return answer({.status = 404, .detail = "no such resource"});
    Answer found{.body = std::string(asset->bytes), .content_type = asset->content_type};
    found.caching = asset->caching;
    found.tag = asset->hash;
    found.gzip = asset->gzip;
    if (asset->content_type.starts_with("text/html")) {
        found.headers.emplace_back("Content-Security-Policy", policy);
        found.headers.emplace_back("Referrer-Policy", "no-referrer");
    }
    return found;
}

} // namespace analytics::http
