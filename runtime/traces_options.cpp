#include "traces.hpp"

#include <algorithm>
#include <charconv>
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
    std::int64_t number = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
    return read.ec == std::errc() && number > 0 ? std::chrono::milliseconds(number) : fallback;
}

/* OpenTelemetry's booleans: true in any case; everything else is false. */
bool is_true(std::string_view text)
{
    constexpr std::string_view word = "true";
    return std::ranges::equal(text, word, {}, [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; });
}

std::string_view trimmed(std::string_view text)
{
    const std::size_t first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/* The text up to the separator, taken from the front. */
std::string_view take_until(char separator, std::string_view &text)
{
    const std::string_view piece = text.substr(0, text.find(separator));
    text.remove_prefix(std::min(text.size(), piece.size() + 1));
    return piece;
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
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               marks.find(c) != std::string_view::npos;
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
        std::string_view member = take_until(',', baggage);
        std::string_view pair = take_until(';', member);
        const bool has_value = pair.find('=') != std::string_view::npos;
        const std::string_view name = trimmed(take_until('=', pair));
        const std::string text = percent_decoded(trimmed(pair));
        if (has_value && is_token(name) && is_field_value(text)) headers.push_back(std::string(name) + ": " + text);
    }
    return headers;
}

} // namespace

TracesOptions traces_options(std::string_view service, const Environment &environment)
{
    TracesOptions options;
    if (is_true(value(environment, "OTEL_SDK_DISABLED"))) return options;
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
