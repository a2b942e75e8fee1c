/* Gaps: records at a partition's next offset that Kafka no longer has, or that nobody can read. Nothing is skipped
 * until the operator accepts the gap; see "A partition stopped" in doc/operating.md. */
#pragma once

#include "consumer.hpp"

#include <functional>
#include <string>

namespace analytics::ingestor {

struct Gap {
    std::string message;          // names both offsets: the next one, and what Kafka has
    std::int64_t from_offset = 0; // the partition's next offset
    std::int64_t to_offset = 0;   // the first offset that can be read
};

/** Nothing: Kafka has the record at this offset, or the next one to come. */
[[nodiscard]] std::optional<Gap> gap_at(std::int64_t offset, const Watermarks &watermarks);

/** A gap of records that Kafka has, but nobody can read, for this reason. readable_offset: the first readable one;
 * nothing: it is not known, so the gap is one record. */
[[nodiscard]] Gap unreadable_at(std::int64_t offset, std::int64_t error_offset, std::string_view reason,
                                std::optional<std::int64_t> readable_offset = {});

/** Whether reading from an offset meets the unreadable piece of the log; nothing: it is not known. */
using IsUnreadable = std::function<std::optional<bool>(std::int64_t offset)>;

/** The end of the unreadable piece that begins at this offset, or before: a producer's batch is unreadable as a
 * whole. Asks about twice as often as the batch's size has binary digits. end: Kafka has no records from there on. */
[[nodiscard]] std::optional<std::int64_t> end_of_unreadable(std::int64_t offset, std::int64_t end,
                                                            const IsUnreadable &is_unreadable);

/** The SQL statement that accepts the gap. */
[[nodiscard]] std::string accept_command(const Gap &gap, std::string_view group, PartitionView partition);

} // namespace analytics::ingestor
