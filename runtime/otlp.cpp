#include "otlp.hpp"

#include "json.hpp"

#include <fmt/format.h>
#include <iterator>

namespace analytics::runtime {
namespace {

constexpr int failed = 2; // STATUS_CODE_ERROR

template <class Items, class Append> void append_list(std::string &out, const Items &items, const Append &append)
{
    out += '[';
    bool is_first = true;
    for (const auto &item : items) {
        if (!std::exchange(is_first, false)) out += ',';
        append(item);
    }
    out += ']';
}

void append_attributes(std::string &out, std::span<const Attribute> attributes)
{
    append_list(out, attributes, [&](const Attribute &attribute) {
        out += R"({"key":)";
        append_json_string(out, attribute.first);
        if (const auto *number = std::get_if<std::int64_t>(&attribute.second)) {
            fmt::format_to(std::back_inserter(out), R"(,"value":{{"intValue":"{}"}}}})", *number);
        } else {
            out += R"(,"value":{"stringValue":)";
            append_json_string(out, std::get<std::string>(attribute.second));
            out += "}}";
        }
    });
}

void append_span(std::string &out, const SpanData &span)
{
    fmt::format_to(std::back_inserter(out), R"({{"traceId":"{}","spanId":"{}")", span.context.trace_id,
                   span.context.span_id);
    if (!span.parent_id.empty()) fmt::format_to(std::back_inserter(out), R"(,"parentSpanId":"{}")", span.parent_id);
    out += R"(,"name":)";
    append_json_string(out, span.title);
    fmt::format_to(std::back_inserter(out), R"(,"kind":{},"startTimeUnixNano":"{}","endTimeUnixNano":"{}")",
                   static_cast<int>(span.kind), span.start_ns, span.end_ns);
    out += R"(,"attributes":)";
    append_attributes(out, span.attributes);
    if (!span.links.empty()) {
        out += R"(,"links":)";
        append_list(out, span.links, [&](const SpanContext &link) {
            fmt::format_to(std::back_inserter(out), R"({{"traceId":"{}","spanId":"{}"}})", link.trace_id, link.span_id);
        });
    }
    if (span.dropped_links > 0)
        fmt::format_to(std::back_inserter(out), R"(,"droppedLinksCount":{})", span.dropped_links);
    if (span.is_failed) {
        fmt::format_to(std::back_inserter(out), R"(,"status":{{"code":{},"message":)", failed);
        append_json_string(out, span.message);
        out += '}';
    }
    out += '}';
}

} // namespace

std::string otlp_json(std::span<const Attribute> resource, std::span<const SpanData> spans)
{
    std::string out = R"({"resourceSpans":[{"resource":{"attributes":)";
    append_attributes(out, resource);
    out += R"(},"scopeSpans":[{"scope":{"name":"analytics_events","version":)";
    append_json_string(out, ANALYTICS_VERSION);
    out += R"(},"spans":)";
    append_list(out, spans, [&](const SpanData &span) { append_span(out, span); });
    out += "}]}]}";
    return out;
}

} // namespace analytics::runtime
