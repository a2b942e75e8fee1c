/* The current span of each thread (W3C Trace Context). A SpanScope makes a span current for as long as the scope
 * lives; observers (the log, the exporter) ask for it.
 *
 * Words. Trace: everything that one cause set off, in however many processes. Span: one piece of work in it. Parent:
 * the span that asked for this work. Link: a span that caused the work and is not the parent; a batch has many
 * causes.
 *
 * The surprising thing: the current span is the thread's, not a parameter, since between a request and its statement
 * lie files that have nothing to do with traces. Work that moves to another thread needs a scope there. */
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace analytics::runtime {

/** A span's identity: lower-case hexadecimal, as in the header and the logs. */
struct SpanContext {
    std::string trace_id;   // 32 digits
    std::string span_id;    // 16
    bool is_sampled = true; // the trace is to be kept

    bool operator==(const SpanContext &) const = default;
};

/** From a traceparent header's value; nothing when it does not follow the specification. */
[[nodiscard]] std::optional<SpanContext> read_traceparent(std::string_view value);

/** The context of a new span, in the parent's trace or in a new one. */
[[nodiscard]] SpanContext new_span(const std::optional<SpanContext> &parent = {});

struct Span {
    SpanContext context;
    std::string parent_id = {};          // 16 digits; empty: it is the trace's first
    std::vector<SpanContext> links = {}; // causes, each once
    std::uint32_t dropped_links = 0;     // causes that are not kept
};

class SpanScope {
public:
    /** The span must live as long. */
    explicit SpanScope(const Span &span) noexcept;
    ~SpanScope();
    SpanScope(const SpanScope &) = delete;
    SpanScope &operator=(const SpanScope &) = delete;

    /** Null: this thread has none. */
    [[nodiscard]] static const Span *current() noexcept;

private:
    const Span *before_;
};

} // namespace analytics::runtime
