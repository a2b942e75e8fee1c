/* What this thread is doing on behalf of which trace (W3C Trace Context): the work in hand is a span, a Tracing makes it
 * known for as long as it lives, and whoever observes meanwhile (the log, the exporter) asks for it.
 *
 * Words. Trace: everything that one cause set off, in however many processes. Span: one piece of work in it. Parent: the
 * span that asked for it. Link: a span that is a cause without being the parent; a batch has many causes.
 *
 * The surprising thing: the context is the thread's, not a parameter, since between a request and its statement lie
 * rooms that have nothing to do with traces. Who hands work to another thread says so there: a Tracing does not travel. */
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace analytics::runtime {

/** One span as others may name it: lower-case hexadecimal, as the header and the logs have it. */
struct SpanName {
    std::string trace_id;   // 32 digits
    std::string span_id;    // 16
    bool is_sampled = true; // whoever began the trace wants it kept

    bool operator==(const SpanName &) const = default;
};

/** From a traceparent header's value; nothing when it does not follow the specification. */
[[nodiscard]] std::optional<SpanName> read_traceparent(std::string_view value);

/** A span of a new trace, or of the parent's. */
[[nodiscard]] SpanName new_span(const std::optional<SpanName> &parent = {});

struct Work {
    SpanName name;
    std::string parent_id = {};       // 16 digits; empty: it is the trace's first
    std::vector<SpanName> links = {}; // causes, each once
    std::uint32_t dropped_links = 0;  // more than are kept
};

class Tracing {
public:
    /** The work must live as long. */
    explicit Tracing(const Work &work) noexcept;
    ~Tracing();
    Tracing(const Tracing &) = delete;
    Tracing &operator=(const Tracing &) = delete;

    /** What this thread is at; nothing: nothing in particular. */
    [[nodiscard]] static const Work *in_hand() noexcept;

private:
    const Work *before_;
};

} // namespace analytics::runtime
