#include "response_head.hpp"

#include "problem.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <fmt/chrono.h>

namespace analytics::http {

namespace {

/* In the order of Caching. */
constexpr std::array<std::string_view, 3> cache_control{"no-store", "private, no-cache",
                                                        "public, max-age=31536000, immutable"};

/* A line break in a value would begin another field, so such a field is left out. */
void append_field(std::string &head, std::string_view name, std::string_view value)
{
    if (std::any_of(value.begin(), value.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; })) return;
    head.append(name).append(": ").append(value).append("\r\n");
}

} // namespace

bool has_content(int status) noexcept
{
    return status != 204 && status != 304;
}

std::string response_head(const Response &response, bool is_last)
{
    std::string head = fmt::format("HTTP/1.1 {} {}\r\n", response.status, title(response.status));
    // RFC 9110, 6.6.1: a server with a clock sends Date.
    append_field(head, "Date", fmt::format("{:%a, %d %b %Y %H:%M:%S} GMT", fmt::gmtime(std::time(nullptr))));
    append_field(head, "Cache-Control", cache_control.at(static_cast<std::size_t>(response.caching)));
    append_field(head, "X-Content-Type-Options", "nosniff");
    for (const auto &[name, value] : response.headers) append_field(head, name, value);
    if (is_last) append_field(head, "Connection", "close");
    if (has_content(response.status)) {
        append_field(head, "Content-Type", response.content_type);
        if (!response.goes_on) append_field(head, "Content-Length", std::to_string(response.content().size()));
    }
    return head.append("\r\n");
}

} // namespace analytics::http
