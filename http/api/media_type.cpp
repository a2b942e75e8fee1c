#include "media_type.hpp"

#include "../server/ascii.hpp"

namespace analytics::http {

MediaType media_type_of(std::string_view content_type) noexcept
{
    const std::string_view name = trimmed(take_until(';', content_type));
    if (is_same(name, "application/json")) return MediaType::json;
    if (is_same(name, "application/x-ndjson")) return MediaType::ndjson;
    return MediaType::other;
}

} // namespace analytics::http
