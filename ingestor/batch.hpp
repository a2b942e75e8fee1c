/* Records of one partition, in order, on their way into one transaction.
 *
 * A record's bytes are copied once: from librdkafka's buffer into the array that goes to the server as it stands. */
#pragma once

#include "../runtime/array.hpp"
#include "../runtime/trace.hpp"
#include "ports.hpp"

namespace analytics::ingestor {

struct BatchLimits {
    std::size_t records = 0;
    std::size_t bytes = 0;
    Milliseconds age{0};
};

class Batch {
public:
    /** The record must come after all that were added before. */
    void add(const Record &record, Time now);
    /** Nothing more comes before this offset: the next one is there, records or not. */
    void reach(std::int64_t offset, Time now);

    /** Keeps its first records, so many of them: at least one, fewer than there are. */
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
    /** Of its first record, Kafka's, since the Unix epoch; nothing when it has none. */
    [[nodiscard]] std::optional<std::int64_t> first_timestamp_ms() const noexcept { return first_timestamp_ms_; }
    [[nodiscard]] Time opened_at() const noexcept { return opened_at_; } // when its first addition came

    /** The batch as a span, which links to those that its records' traceparent headers name. */
    [[nodiscard]] const runtime::Work &work() const noexcept { return work_; }

    /** Binary arrays for analytics_ingest_kafka; the optional ones are nothing when no record has such a thing. */
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
    runtime::Work work_;
};

} // namespace analytics::ingestor
