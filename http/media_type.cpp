#include "media_type.hpp"

#include "ascii.hpp"

namespace analytics::http {

namespace {

bool is_other_charset(std::string_view parameter) noexcept
{
    if (!is_same(trimmed(take_until('=', parameter)), "charset")) return false;
    std::string_view value = trimmed(parameter);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
    return !is_same(value, "utf-8");
}

} // namespace

MediaType media_type_of(std::string_view content_type) noexcept
{
    const std::string_view name = trimmed(take_until(';', content_type));
    while (!content_type.empty())
        if (is_other_charset(take_until(';', content_type))) return MediaType::other;
    if (is_same(name, "application/json")) return MediaType::json;
    if (is_same(name, "application/x-ndjson")) return MediaType::ndjson;
    return MediaType::other;
}

} // namespace analytics::http
