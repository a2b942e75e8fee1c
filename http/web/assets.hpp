/* Files that are part of the program: the API's document, its viewer, pages and what they load.
 *
 * web/manifest lists them; web/embed puts each into the executable twice, as it is and compressed by gzip, so that
 * serving one costs no work. What a page loads has its content's hash in its path and may be kept for ever; the page
 * itself is asked for again each time. Nothing that a page needs comes from another host, and its Content-Security-
 * Policy makes sure of it. */
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
