#include "batch.hpp"

#include "headers.hpp"

#include <algorithm>

namespace analytics::ingestor {
namespace {

/* Producers choose the timestamp. One that timestamptz can't hold must not cost the record: years 1 to 9999, as for
 * events. */
constexpr std::int64_t min_millis = -62'135'596'800'000;
constexpr std::int64_t max_millis = 253'402'300'799'999;
/* OpenTelemetry's own bound. Further links are counted as dropped. */
constexpr std::size_t max_links = 128;

constexpr std::int64_t micros_per_milli = 1'000;

void add_bytes(runtime::ArrayWriter &array, const std::optional<std::string_view> &bytes)
{
    if (bytes)
        array.bytes(*bytes);
    else
        array.null();
}

} // namespace

void Batch::open(Time now)
{
    opened_at_ = now;
    span_.context = runtime::new_span();
}

void Batch::link(const Record &record)
{
    for (const Header &header : record.headers) {
        if (header.name != "traceparent" || !header.value) continue;
        const auto cause = runtime::read_traceparent(*header.value);
        if (!cause || std::ranges::find(span_.links, *cause) != span_.links.end()) continue;
        if (span_.links.size() < max_links)
            span_.links.push_back(*cause);
        else
            ++span_.dropped_links;
    }
}

void Batch::add(const Record &record, Time now)
{
    if (is_empty()) open(now);
    if (!first_offset_) {
        first_offset_ = record.offset;
        first_timestamp_ms_ = record.timestamp_ms;
    }
    next_offset_ = record.offset + 1;

    add_bytes(records_, record.value);
    add_bytes(keys_, record.key);
    offsets_.integer(record.offset);
    bytes_ += record.value.value_or("").size() + record.key.value_or("").size();

    const auto millis = record.timestamp_ms;
    if (millis && *millis >= min_millis && *millis <= max_millis)
        timestamps_.instant(*millis * micros_per_milli);
    else
        timestamps_.null();

    if (record.headers.empty()) {
        headers_.null();
    } else {
        link(record);
        header_text_.clear();
        append_headers(header_text_, record.headers);
        headers_.jsonb(header_text_);
        bytes_ += header_text_.size();
    }
}

void Batch::advance(std::int64_t offset, Time now)
{
    if (is_empty()) open(now);
    next_offset_ = std::max(offset, next_offset_.value_or(offset));
}

void Batch::shorten(std::size_t records)
{
    for (runtime::ArrayWriter *array : {&records_, &offsets_, &keys_, &timestamps_, &headers_}) array->keep(records);
    next_offset_ = offsets_.last_integer() + 1;
    bytes_ = records_.content_bytes() + keys_.content_bytes() + headers_.content_bytes();
}

std::optional<std::string_view> Batch::view(const runtime::ArrayWriter &array)
{
    return array.has_values() ? std::optional(array.view()) : std::nullopt;
}

} // namespace analytics::ingestor
