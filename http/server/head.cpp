#include "head.hpp"

#include "../../extension/core/text/ascii.hpp"
#include "../../extension/core/text/integer.hpp"
#include "../../runtime/host_names.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace analytics::http {

namespace {

bool is_token(std::string_view text) noexcept
{
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
        return core::is_alphanumeric(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
    });
}

/** ASCII without blanks and controls, and without "#", which a client never sends. */
bool is_printable(std::string_view text) noexcept
{
    return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f' && c != '#'; });
}

/** Origin form. */
bool is_target(std::string_view text) noexcept
{
    return (text.starts_with('/') || text == "*") && is_printable(text);
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
        if (core::equals_ignoring_case(core::take_item(list), lower_case)) return true;
    return false;
}

/** Whether it holds nothing else. */
bool holds_only(std::string_view list, std::string_view lower_case) noexcept
{
    while (!list.empty())
        if (const std::string_view item = core::take_item(list);
            !item.empty() && !core::equals_ignoring_case(item, lower_case))
            return false;
    return true;
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

/* The fields that matter, collected one by one. */
struct Fields {
    std::optional<std::string_view> host;
    std::optional<std::string_view> content_length;
    std::optional<std::string_view> content_type;
    std::optional<std::string_view> authorization;
    std::optional<std::string_view> origin;
    std::optional<std::string_view> fetch_site;
    std::optional<std::string_view> requested_method;
    std::optional<std::string_view> last_event_id;
    std::optional<std::string> accept;
    std::optional<std::string> accept_encoding;
    std::optional<std::string> if_none_match;
    std::optional<std::string> connection;
    std::optional<std::string> content_encoding;
    std::optional<std::string> expect;
    std::string_view traceparent;
    bool has_transfer_encoding = false;
    std::string_view repeated; // a field that is given twice and must not be

    void take(std::string_view name, std::string_view value);
};

/* Given once at most. */
struct SingleField {
    std::string_view name;
    std::optional<std::string_view> Fields::*field;
};
constexpr std::array single_fields{
    SingleField{"Host", &Fields::host},
    SingleField{"Content-Length", &Fields::content_length},
    SingleField{"Content-Type", &Fields::content_type},
    SingleField{"Authorization", &Fields::authorization},
    SingleField{"Origin", &Fields::origin},
    SingleField{"Sec-Fetch-Site", &Fields::fetch_site},
    SingleField{"Access-Control-Request-Method", &Fields::requested_method},
    SingleField{"Last-Event-ID", &Fields::last_event_id},
};

/* Lists, which may be given in parts. */
struct ListField {
    std::string_view name;
    std::optional<std::string> Fields::*field;
};
constexpr std::array list_fields{
    ListField{"Accept", &Fields::accept},
    ListField{"Accept-Encoding", &Fields::accept_encoding},
    ListField{"If-None-Match", &Fields::if_none_match},
    ListField{"Connection", &Fields::connection},
    ListField{"Content-Encoding", &Fields::content_encoding},
    ListField{"Expect", &Fields::expect},
};

void Fields::take(std::string_view name, std::string_view value)
{
    const auto is = [&](std::string_view other) { return core::equals_ignoring_case(name, other); };
    for (const auto &[title, field] : single_fields) {
        if (!is(title)) continue;
        if (this->*field) repeated = title;
        if (!(this->*field)) this->*field = value;
    }
    for (const auto &[title, field] : list_fields)
        if (is(title)) this->*field = this->*field ? *(this->*field) + ", " + std::string(value) : std::string(value);
    if (is("Traceparent")) traceparent = traceparent.empty() ? value : "given twice"; // no valid one: so it is ignored
    if (is("Transfer-Encoding")) has_transfer_encoding = true;
}

/** Reduces an absolute target, as clients send it to proxies, to its origin form. The authority in it counts before
 * Host (RFC 9112, 3.2.2). */
void take_authority(Head &head) noexcept
{
    const std::size_t scheme = std::min(head.target.find("://"), head.target.size());
    if (!core::equals_ignoring_case(head.target.substr(0, scheme), "http") &&
        !core::equals_ignoring_case(head.target.substr(0, scheme), "https"))
        return;
    std::string_view rest = head.target.substr(std::min(scheme + 3, head.target.size()));
    head.authority = rest.substr(0, rest.find_first_of("/?"));
    rest.remove_prefix(head.authority.size());
    // An empty path is "/" (path() handles one before a query); with OPTIONS it is the server as a whole.
    head.target = !rest.empty() ? rest : head.method == "OPTIONS" ? "*" : "/";
}

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
        return Problem{.status = 505, .detail = "only HTTP/1.1 and HTTP/1.0 are supported"};
    if (!is_token(head.method)) return malformed("the request line is malformed");
    if (head.target.size() > limits.max_target)
        return Problem{.status = 414, .detail = "the request target is too long"};
    take_authority(head);
    const bool is_query = head.authority.data() != nullptr && head.target.starts_with('?');
    if (is_query ? !is_printable(head.target) : !is_target(head.target))
        return malformed("the request target is malformed");
    return std::nullopt;
}

/** Reads Content-Length into head. */
std::optional<Problem> read_length(std::string_view digits, std::uint64_t max, Head &head)
{
    if (digits.empty() || !std::all_of(digits.begin(), digits.end(), core::is_digit))
        return malformed("Content-Length is not a number");
    const auto length = core::integer_of<std::uint64_t>(digits);
    if (!length || *length > max)
        return Problem{.status = 413, .detail = "the body is longer than " + std::to_string(max) + " bytes"};
    head.content_length = *length;
    return std::nullopt;
}

std::optional<Problem> check_body(const Fields &fields, const HeadLimits &limits, Head &head)
{
    if (fields.has_transfer_encoding && fields.content_length)
        return malformed("Content-Length and Transfer-Encoding are both given");
    if (fields.has_transfer_encoding)
        return Problem{.status = 411, .detail = "Transfer-Encoding is not supported, send Content-Length"};
    if (!fields.content_length && head.method == "POST")
        return Problem{.status = 411, .detail = "Content-Length is missing"};
    if (fields.content_length)
        if (std::optional<Problem> problem = read_length(*fields.content_length, limits.max_body, head)) return problem;
    if (head.content_length > 0 && (head.method == "GET" || head.method == "HEAD"))
        return malformed("GET and HEAD have no body");
    if (!holds_only(fields.content_encoding.value_or(""), "identity"))
        return Problem{.status = 415, .detail = "Content-Encoding is not supported, send the body as it is"};
    return std::nullopt;
}

} // namespace

std::size_t head_size(std::string_view buffer, std::size_t seen) noexcept
{
    // The end of a head is up to three bytes long, so it may begin in the last two bytes that were seen.
    for (std::size_t end = buffer.find('\n', seen - std::min<std::size_t>(seen, 2)); end != std::string_view::npos;
         end = buffer.find('\n', end + 1)) {
        const std::string_view rest = buffer.substr(end + 1);
        if (rest.starts_with("\r\n")) return end + 3;
        if (rest.starts_with('\n')) return end + 2;
    }
    return 0;
}

HeadResult read_head(std::string_view bytes, const HeadLimits &limits)
{
    HeadResult reading;
    Head &head = reading.head;
    const auto refuse = [&](std::optional<Problem> problem) { // the first one counts
        if (!reading.problem) reading.problem = std::move(problem);
    };

    bool is_1_1 = false;
    if (const std::optional<std::string_view> line = take_line(bytes))
        refuse(read_request_line(*line, limits, head, is_1_1));
    else
        refuse(malformed("the request line is malformed"));

    Fields fields;
    for (std::size_t count = 0;; ++count) {
        const std::optional<std::string_view> line = take_line(bytes);
        if (!line) {
            refuse(malformed("a header field does not end with CR LF"));
            break;
        }
        if (line->empty()) break;
        if (count == limits.max_fields)
            refuse(Problem{.status = 431,
                           .detail = "there are more than " + std::to_string(limits.max_fields) + " header fields"});
        const std::size_t colon = std::min(line->find(':'), line->size());
        const std::string_view value = core::trimmed(line->substr(std::min(colon + 1, line->size())));
        if (colon == line->size() || !is_token(line->substr(0, colon)) || !is_value(value))
            refuse(malformed("a header field is malformed"));
        else
            fields.take(line->substr(0, colon), value);
    }
    if (!fields.repeated.empty()) refuse(malformed(std::string(fields.repeated) + " is given twice"));
    if (is_1_1 && !fields.host) refuse(malformed("Host is missing"));
    if (fields.host && !runtime::read_authority(*fields.host)) refuse(malformed("Host is malformed"));
    if (head.authority.data() == nullptr)
        head.authority = fields.host.value_or(std::string_view{});
    else if (!runtime::read_authority(head.authority))
        refuse(malformed("the request target is malformed"));
    refuse(check_body(fields, limits, head));
    if (!holds_only(fields.expect.value_or(""), "100-continue"))
        refuse(Problem{.status = 417, .detail = "only 100-continue can be expected"});

    const auto given = [](const std::optional<std::string_view> &field) { return field.value_or(std::string_view{}); };
    head.content_type = given(fields.content_type);
    head.accept = std::move(fields.accept).value_or("");
    head.accept_encoding = std::move(fields.accept_encoding).value_or("");
    head.if_none_match = std::move(fields.if_none_match).value_or("");
    head.origin = given(fields.origin);
    head.fetch_site = given(fields.fetch_site);
    head.requested_method = given(fields.requested_method);
    head.traceparent = fields.traceparent;
    head.authorization = given(fields.authorization);
    head.last_event_id = given(fields.last_event_id);
    head.is_last = !is_1_1 || holds(fields.connection.value_or(""), "close");
    head.expects_continue = is_1_1 && fields.expect && !fields.expect->empty() && head.content_length > 0;
    return reading;
}

} // namespace analytics::http
