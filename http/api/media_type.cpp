#include "media_type.hpp"

#include "../../extension/core/text/ascii.hpp"

namespace analytics::http {

MediaType media_type_of(std::string_view content_type) noexcept
{
    const std::string_view name = core::trimmed(core::take_until(';', content_type));
    if (core::equals_ignoring_case(name, "application/json")) return MediaType::json;
    if (core::equals_ignoring_case(name, "application/x-ndjson")) return MediaType::ndjson;
    return MediaType::other;
}

} // namespace analytics::http
