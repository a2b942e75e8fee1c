/* Files that are part of the program: the OpenAPI document, its viewer, pages and what they load.
 *
 * web/manifest lists them. web/embed puts each into the executable twice, as it is and compressed, so that serving one
 * takes no work. The path of what a page loads has its content's hash, and may be cached for ever. A page itself is
 * validated each time. A page loads nothing from other hosts, which its Content-Security-Policy enforces. */
#pragma once

#include "../server/message.hpp"

#include <span>
#include <string_view>

namespace analytics::http {

struct Asset {
    std::string_view path;
    std::string_view content_type;
    std::string_view bytes;
    std::string_view gzip; // the same, compressed
    std::string_view hash; // of the bytes
    Caching caching;
};

[[nodiscard]] std::span<const Asset> assets() noexcept;

/** The asset of this path; 404 when there is none. */
[[nodiscard]] Response asset_response(std::string_view path);

} // namespace analytics::http
