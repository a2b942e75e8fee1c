/* Spans as an OTLP export request in the JSON encoding of the OpenTelemetry specification: ids are hexadecimal and not
 * base64 as protobuf's own JSON mapping would have it, times are nanoseconds since the Unix epoch, in quotes. */
#pragma once

#include "trace.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace analytics::runtime {

/** With OTLP's numbers. */
enum class SpanKind : std::uint8_t { server = 2, client = 3, consumer = 5 };

using Attribute = std::pair<std::string, std::variant<std::int64_t, std::string>>;

struct SpanData {
    SpanContext context;
    std::string parent_id = {};
    std::string title;
    SpanKind kind = SpanKind::server;
    std::int64_t start_ns = 0;
    std::int64_t end_ns = 0;
    std::vector<Attribute> attributes = {};
    std::vector<SpanContext> links = {};
    std::uint32_t dropped_links = 0;
    bool is_failed = false;
    std::string message = {}; // of a failure
};

/** An ExportTraceServiceRequest; resource: who we are. */
[[nodiscard]] std::string otlp_json(std::span<const Attribute> resource, std::span<const SpanData> spans);

} // namespace analytics::runtime
