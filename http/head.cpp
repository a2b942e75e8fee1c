#include "head.hpp"

#include "ascii.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace analytics::http {

namespace {

bool is_token(std::string_view text) noexcept
{
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return is_alphanumeric(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
    });
}

/** Origin form of printable ASCII: no blank, no control, no "#", which a client never sends. */
bool is_target(std::string_view text) noexcept
{
    return (text.starts_with('/') || text == "*") &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f' && c != '#'; });
}

bool is_value(std::string_view text) noexcept
{
    return std::all_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte == '\t' || (byte >= ' ' && byte != 0x7fU);
    });
}

/** Whether the comma-separated list holds the word. */
bool holds(std::string_view list, std::string_view lower_case) noexcept
{
    while (!list.empty())
        if (is_same(trimmed(take_until(',', list)), lower_case)) return true;
    return false;
}

Problem malformed(std::string detail)
{
    return {.status = 400, .detail = std::move(detail)};
}

/** Takes a line that ends with CRLF from the front; nothing when its end is something else. */
std::optional<std::string_view> take_line(std::string_view &bytes) noexcept
{
    const std::size_t end = bytes.find('\n');
    if (end == std::string_view::npos || end == 0 || bytes[end - 1] != '\r') return std::nullopt;
    const std::string_view line = bytes.substr(0, end - 1);
    bytes.remove_prefix(end + 1);
    if (line.find('\r') != std::string_view::npos) return std::nullopt;
    return line;
}

/* What the fields say, gathered one by one. */
struct Fields {
    std::optional<std::string_view> host;
    std::optional<std::string_view> content_length;
    std::optional<std::string_view> content_type;
    std::optional<std::string_view> expect;
    std::optional<std::string_view> authorization;
    // Of these the first counts: a second line of one costs its sender a longer answer at most.
    std::string_view accept_encoding;
    std::string_view if_none_match;
    std::string_view origin;
    std::string_view requested_method;
    std::string_view traceparent;
    bool has_close = false;
    bool has_transfer_encoding = false;
    bool has_content_encoding = false;
    std::string_view repeated; // the field that must not be, and is

    void take(std::string_view name, std::string_view value) noexcept
    {
        if (is_same(name, "host"))
            once(host, "Host", value);
        else if (is_same(name, "content-length"))
            once(content_length, "Content-Length", value);
        else if (is_same(name, "content-type"))
            once(content_type, "Content-Type", value);
        else if (is_same(name, "expect"))
            once(expect, "Expect", value);
        else if (is_same(name, "authorization"))
            once(authorization, "Authorization", value);
        else if (is_same(name, "accept-encoding"))
            first(accept_encoding, value);
        else if (is_same(name, "if-none-match"))
            first(if_none_match, value);
        else if (is_same(name, "origin"))
            first(origin, value);
        else if (is_same(name, "access-control-request-method"))
            first(requested_method, value);
        else if (is_same(name, "traceparent"))
            traceparent = traceparent.empty() ? value : "given twice"; // no name then, says the specification
        else if (is_same(name, "connection"))
            has_close = has_close || holds(value, "close");
        else if (is_same(name, "transfer-encoding"))
            has_transfer_encoding = true;
        else if (is_same(name, "content-encoding"))
            has_content_encoding = has_content_encoding || !is_same(value, "identity");
    }

private:
    static void first(std::string_view &field, std::string_view value) noexcept
    {
        if (field.empty()) field = value;
    }

    void once(std::optional<std::string_view> &field, std::string_view name, std::string_view value) noexcept
    {
        if (field) repeated = name;
        field = value;
    }
};

/** Reads the request line into head. */
std::optional<Problem> read_request_line(std::string_view line, const HeadLimits &limits, Head &head, bool &is_1_1)
{
    const std::size_t first = line.find(' ');
    const std::size_t last = line.rfind(' ');
    if (first == std::string_view::npos || first == last) return malformed("the request line is malformed");
    head.method = line.substr(0, first);
    head.target = line.substr(first + 1, last - first - 1);
    const std::string_view version = line.substr(last + 1);

    if (version.size() != 8 || !version.starts_with("HTTP/") || version[6] != '.')
        return malformed("the request line is malformed");
    is_1_1 = version == "HTTP/1.1";
    if (!is_1_1 && version != "HTTP/1.0")
        return Problem{.status = 505, .detail = "only HTTP/1.1 and 1.0 are spoken here"};
    if (!is_token(head.method)) return malformed("the request line is malformed");
    if (head.target.size() > limits.max_target)
        return Problem{.status = 414, .detail = "the request target is too long"};
    if (head.target.starts_with("http://")) // the absolute form, as sent to proxies
        head.target.remove_prefix(std::min(head.target.find('/', 7), head.target.size()));
    if (!is_target(head.target)) return malformed("the request target is malformed");
    return std::nullopt;
}

/** Reads Content-Length into head, or says what is wrong with it. */
std::optional<Problem> read_length(std::string_view digits, std::uint64_t max, Head &head)
{
    if (digits.empty() || !std::all_of(digits.begin(), digits.end(), is_digit))
        return malformed("Content-Length is not a number");
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), head.content_length);
    if (error != std::errc{} || head.content_length > max)
        return Problem{.status = 413, .detail = "the body is longer than " + std::to_string(max) + " bytes"};
    return std::nullopt;
}

std::optional<Problem> judge_body(const Fields &fields, const HeadLimits &limits, Head &head)
{
    if (fields.has_transfer_encoding && fields.content_length)
        return malformed("Content-Length and Transfer-Encoding are both given");
    if (fields.has_transfer_encoding)
        return Problem{.status = 411, .detail = "a Transfer-Encoding is not taken, send the body's Content-Length"};
    if (!fields.content_length && head.method == "POST")
        return Problem{.status = 411, .detail = "Content-Length is missing"};
    if (fields.content_length)
        if (std::optional<Problem> problem = read_length(*fields.content_length, limits.max_body, head)) return problem;
    if (head.content_length > 0 && (head.method == "GET" || head.method == "HEAD"))
        return malformed("a request that reads has no body");
    if (fields.has_content_encoding)
        return Problem{.status = 415, .detail = "a Content-Encoding is not taken, send the body as it is"};
    return std::nullopt;
}

} // namespace

std::size_t head_size(std::string_view buffer) noexcept
{
    for (std::size_t end = buffer.find('\n'); end != std::string_view::npos; end = buffer.find('\n', end + 1)) {
        const std::string_view rest = buffer.substr(end + 1);
        if (rest.starts_with("\r\n")) return end + 3;
        if (rest.starts_with('\n')) return end + 2;
    }
    return 0;
}

std::variant<Head, Problem> read_head(std::string_view bytes, const HeadLimits &limits)
{
    Head head;
    bool is_1_1 = false;
    const std::optional<std::string_view> request_line = take_line(bytes);
    if (!request_line) return malformed("the request line is malformed");
    if (std::optional<Problem> problem = read_request_line(*request_line, limits, head, is_1_1)) return *problem;

    Fields fields;
    for (std::size_t count = 0;; ++count) {
        const std::optional<std::string_view> line = take_line(bytes);
        if (!line) return malformed("a header field does not end with CR LF");
        if (line->empty()) break;
        if (count == limits.max_fields)
            return Problem{.status = 431,
                           .detail = "there are more than " + std::to_string(limits.max_fields) + " header fields"};
        const std::size_t colon = std::min(line->find(':'), line->size());
        const std::string_view value = trimmed(line->substr(std::min(colon + 1, line->size())));
        if (colon == line->size() || !is_token(line->substr(0, colon)) || !is_value(value))
            return malformed("a header field is malformed");
        fields.take(line->substr(0, colon), value);
    }
    if (!fields.repeated.empty()) return malformed(std::string(fields.repeated) + " is given twice");
    if (is_1_1 && !fields.host) return malformed("Host is missing");
    if (std::optional<Problem> problem = judge_body(fields, limits, head)) return *problem;
    if (fields.expect && !is_same(*fields.expect, "100-continue"))
        return Problem{.status = 417, .detail = "only 100-continue can be expected"};

    head.content_type = fields.content_type.value_or(std::string_view{});
    head.accept_encoding = fields.accept_encoding;
    head.if_none_match = fields.if_none_match;
    head.origin = fields.origin;
    head.requested_method = fields.requested_method;
    head.traceparent = fields.traceparent;
    head.authorization = fields.authorization.value_or(std::string_view{});
    head.is_last = fields.has_close || !is_1_1;
    head.expects_continue = is_1_1 && fields.expect.has_value() && head.content_length > 0;
    return head;
}

} // namespace analytics::http
