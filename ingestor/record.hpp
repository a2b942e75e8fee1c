/* A Kafka record and the partition it comes from, as the loop sees them. Neither librdkafka nor libpq shows through.
 *
 * Words. Offset: a record's place in its partition; offsets grow, gaps are normal (transaction markers, compaction).
 * Next offset: that of the next record to read. */
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>

namespace analytics::ingestor {

using Milliseconds = std::chrono::milliseconds;

struct Partition {
    std::string topic;
    std::int32_t id = 0;
};

struct PartitionView {
    std::string_view topic;
    std::int32_t id = 0;

    PartitionView(std::string_view topic_name, std::int32_t number) : topic(topic_name), id(number) {}
    PartitionView(const Partition &partition) : topic(partition.topic), id(partition.id) {}
};

/** Orders partitions of both kinds. */
struct PartitionOrder {
    using is_transparent = void; // NOLINT(readability-identifier-naming): the standard's name
    bool operator()(PartitionView a, PartitionView b) const noexcept
    {
        return std::tie(a.topic, a.id) < std::tie(b.topic, b.id);
    }
};

struct Header {
    std::string_view name;
    std::optional<std::string_view> value;
};

/** Views are valid until the next poll. */
struct Record {
    PartitionView partition;
    std::int64_t offset = 0;
    std::optional<std::string_view> value = {}; // nothing: a tombstone
    std::optional<std::string_view> key = {};
    std::optional<std::int64_t> timestamp_ms = {}; // Kafka's, since the Unix epoch
    std::span<const Header> headers = {};
};

} // namespace analytics::ingestor
