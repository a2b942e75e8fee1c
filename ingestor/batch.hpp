/* Records of one partition, in order, for one transaction.
 *
 * A record's bytes are copied once: from librdkafka's buffer into the array that is sent to the server. */
#pragma once

#include "../runtime/array.hpp"
#include "../runtime/trace.hpp"
#include "clock.hpp"
#include "record.hpp"

namespace analytics::ingestor {

struct BatchLimits {
    std::size_t records = 0;
    std::size_t bytes = 0;
    Milliseconds age{0};
};

class Batch {
public:
    /** The record's offset must be greater than that of every earlier one. */
    void add(const Record &record, Time now);
    /** There is no further record before this offset: the batch's next offset moves there. */
    void advance(std::int64_t offset, Time now);

    /** Keeps the first so many records: at least one, and fewer than there are. */
    void shorten(std::size_t records);

    [[nodiscard]] bool is_empty() const noexcept { return !next_offset_; }
    [[nodiscard]] bool is_full(const BatchLimits &limits) const noexcept
    {
        return size() >= limits.records || bytes() >= limits.bytes;
    }

    [[nodiscard]] std::size_t size() const noexcept { return records_.size(); } // records
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }         // of values, keys and headers
    [[nodiscard]] std::int64_t first_offset() const noexcept { return first_offset_.value_or(0); }
    [[nodiscard]] std::int64_t next_offset() const noexcept { return next_offset_.value_or(0); }
    /** Kafka's timestamp of the first record, since the Unix epoch; nothing when it has none. */
    [[nodiscard]] std::optional<std::int64_t> first_timestamp_ms() const noexcept { return first_timestamp_ms_; }
    [[nodiscard]] Time opened_at() const noexcept { return opened_at_; } // of the first addition

    /** The batch's span. It links to the spans that the records' traceparent headers name. */
    [[nodiscard]] const runtime::Span &span() const noexcept { return span_; }

    /** Binary arrays for analytics_ingest_kafka; the optional ones are nothing when no record has such a value. */
    [[nodiscard]] std::string_view values() const { return records_.view(); }
    [[nodiscard]] std::string_view offsets() const { return offsets_.view(); }
    [[nodiscard]] std::optional<std::string_view> keys() const { return view(keys_); }
    [[nodiscard]] std::optional<std::string_view> timestamps() const { return view(timestamps_); }
    [[nodiscard]] std::optional<std::string_view> headers() const { return view(headers_); }

private:
    void open(Time now);
    void link(const Record &record);
    static std::optional<std::string_view> view(const runtime::ArrayWriter &array);

    runtime::ArrayWriter records_{runtime::Element::bytea};
    runtime::ArrayWriter offsets_{runtime::Element::int8};
    runtime::ArrayWriter keys_{runtime::Element::bytea};
    runtime::ArrayWriter timestamps_{runtime::Element::timestamptz};
    runtime::ArrayWriter headers_{runtime::Element::jsonb};
    std::string header_text_;
    std::size_t bytes_ = 0;
    std::optional<std::int64_t> first_offset_;
    std::optional<std::int64_t> next_offset_;
    std::optional<std::int64_t> first_timestamp_ms_;
    Time opened_at_{};
    runtime::Span span_;
};

} // namespace analytics::ingestor
