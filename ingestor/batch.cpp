#include "batch.hpp"

#include "headers.hpp"

#include <algorithm>

namespace analytics::ingestor {
namespace {

/* Producers write what they like into the timestamp; one that timestamptz can't hold must not cost the record.
 * Years 1-9999, as for events. */
constexpr std::int64_t min_millis = -62'135'596'800'000;
constexpr std::int64_t max_millis = 253'402'300'799'999;
constexpr std::int64_t micros_per_milli = 1'000;

void add_bytes(runtime::ArrayWriter &array, const std::optional<std::string_view> &bytes)
{
    if (bytes)
        array.bytes(*bytes);
    else
        array.null();
}

} // namespace

void Batch::add(const Record &record, Time now)
{
    if (is_empty()) opened_at_ = now;
    if (!first_offset_) first_offset_ = record.offset;
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
        header_text_.clear();
        append_headers(header_text_, record.headers);
        headers_.jsonb(header_text_);
        bytes_ += header_text_.size();
    }
}

void Batch::reach(std::int64_t offset, Time now) noexcept
{
    if (is_empty()) opened_at_ = now;
    next_offset_ = std::max(offset, next_offset_.value_or(offset));
}

std::optional<std::string_view> Batch::view(const runtime::ArrayWriter &array)
{
    return array.has_values() ? std::optional(array.view()) : std::nullopt;
}

} // namespace analytics::ingestor
