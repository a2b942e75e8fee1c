#include "../extension/core/text/ascii.hpp"
#include "../extension/core/text/integer.hpp"
#include "traces.hpp"

#include <algorithm>
#include <curl/curl.h>

namespace analytics::runtime {
namespace {

std::string_view value(const Environment &environment, const char *name)
{
    const auto found = environment.find(name);
    return found == environment.end() ? std::string_view() : found->second;
}

std::chrono::milliseconds milliseconds(std::string_view text, std::chrono::milliseconds fallback)
{
    const auto number = core::integer_of<std::int64_t>(text);
    return number && *number > 0 ? std::chrono::milliseconds(*number) : fallback;
}

/* A percent sign that no two hexadecimal digits follow is itself. curl takes a length of zero for an unknown one. */
std::string percent_decoded(std::string_view text)
{
    if (text.empty()) return {};
    int size = 0;
    const std::unique_ptr<char, decltype(&curl_free)> decoded(
        curl_easy_unescape(nullptr, text.data(), static_cast<int>(text.size()), &size), curl_free);
    return decoded ? std::string(decoded.get(), static_cast<std::size_t>(size)) : std::string();
}

/* RFC 9110, 5.6.2. */
bool is_token(std::string_view name)
{
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    return !name.empty() && std::ranges::all_of(name, [&](char c) {
        return core::is_alphanumeric(c) || marks.find(c) != std::string_view::npos;
    });
}

/* A line's end in a value would begin a header of its own. */
bool is_field_value(std::string_view text)
{
    constexpr char del = 127;
    return std::ranges::none_of(text,
                                [](char c) { return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == del; });
}

/* W3C Baggage: name=value;property,name=value, blanks around any of them, the value percent-encoded. What can be no
 * header is left out. */
std::vector<std::string> headers_of(std::string_view baggage)
{
    std::vector<std::string> headers;
    while (!baggage.empty()) {
        std::string_view member = core::take_until(',', baggage);
        std::string_view pair = core::take_until(';', member);
        const bool has_value = pair.find('=') != std::string_view::npos;
        const std::string_view name = core::trimmed(core::take_until('=', pair));
        const std::string text = percent_decoded(core::trimmed(pair));
        if (has_value && is_token(name) && is_field_value(text)) headers.push_back(std::string(name) + ": " + text);
    }
    return headers;
}

} // namespace

TracesOptions traces_options(std::string_view service, const Environment &environment)
{
    TracesOptions options;
    if (core::equals_ignoring_case(value(environment, "OTEL_SDK_DISABLED"), "true")) return options;
    options.url = value(environment, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
    if (options.url.empty()) {
        options.url = value(environment, "OTEL_EXPORTER_OTLP_ENDPOINT");
        while (options.url.ends_with('/')) options.url.pop_back();
        if (!options.url.empty()) options.url += "/v1/traces";
    }
    options.headers = headers_of(value(environment, "OTEL_EXPORTER_OTLP_HEADERS"));
    const std::string_view name = value(environment, "OTEL_SERVICE_NAME");
    options.service = name.empty() ? service : name;
    options.timeout = milliseconds(value(environment, "OTEL_EXPORTER_OTLP_TIMEOUT"), options.timeout);
    options.delay = milliseconds(value(environment, "OTEL_BSP_SCHEDULE_DELAY"), options.delay);
    return options;
}

} // namespace analytics::runtime
