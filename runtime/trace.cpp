#include "trace.hpp"

#include "../extension/core/text/hex.hpp"

#include <array>
#include <span>
#include <stdexcept>
#include <unistd.h>

namespace analytics::runtime {
namespace {

thread_local const Span *current_span = nullptr; // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

constexpr std::size_t trace_bytes = 16;
constexpr std::size_t span_bytes = 8;
constexpr std::size_t traceparent_size = 55; // 00-<32>-<16>-<2>

/* The specification has no other digits. */
bool is_lower_hex(std::string_view text)
{
    return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_zero(std::string_view text)
{
    return text.find_first_not_of('0') == std::string_view::npos;
}

} // namespace

/* W3C Trace Context, 2.2: a later version may append fields, version 00 has none more; ff is not a version; an id of
 * zeroes is invalid. */
std::optional<SpanContext> read_traceparent(std::string_view value)
{
    if (value.size() < traceparent_size) return {};
    const std::string_view version = value.substr(0, 2);
    const std::string_view trace = value.substr(3, 2 * trace_bytes);
    const std::string_view span = value.substr(36, 2 * span_bytes);
    const std::string_view flags = value.substr(53, 2);
    const bool is_divided = value[2] == '-' && value[35] == '-' && value[52] == '-';
    const bool ends_well = value.size() == traceparent_size || (version != "00" && value[traceparent_size] == '-');
    if (!is_divided || !ends_well || version == "ff") return {};
    if (!is_lower_hex(version) || !is_lower_hex(trace) || !is_lower_hex(span) || !is_lower_hex(flags)) return {};
    if (is_zero(trace) || is_zero(span)) return {};
    return SpanContext{std::string(trace), std::string(span), (core::hex_value(flags[1]) & 1) != 0};
}

SpanContext new_span(const std::optional<SpanContext> &parent)
{
    std::array<std::uint8_t, trace_bytes + span_bytes> bytes{}; // the trace's, then the span's
    do {
        if (getentropy(bytes.data(), bytes.size()) != 0) throw std::runtime_error("no randomness available");
    } while (bytes.front() == 0 || bytes.back() == 0); // an id of zeroes is invalid
    const std::span<const std::uint8_t> all(bytes);
    return {parent ? parent->trace_id : core::hex(all.first(trace_bytes)), core::hex(all.last(span_bytes)),
            parent ? parent->is_sampled : true};
}

SpanScope::SpanScope(const Span &span) noexcept : before_(current_span)
{
    current_span = &span;
}

SpanScope::~SpanScope()
{
    current_span = before_;
}

const Span *SpanScope::current() noexcept
{
    return current_span;
}

} // namespace analytics::runtime
