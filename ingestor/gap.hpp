/* Where Kafka can't go on from the offset that a partition stands at: what that means, and what the operator may say to
 * it. Nothing is skipped until he has said so; see "A partition stopped" in doc/operating.md. */
#pragma once

#include "ports.hpp"

#include <string>

namespace analytics::ingestor {

struct Gap {
    std::string message;          // names both offsets: the one stored and what Kafka has
    std::int64_t from_offset = 0; // where the partition stands
    std::int64_t to_offset = 0;   // from where on Kafka can be read without leaving out more than need be
};

/** Nothing: Kafka has the record at this offset, or the next one to come. */
[[nodiscard]] std::optional<Gap> gap_at(std::int64_t offset, const Watermarks &watermarks);

/** A record that Kafka has, but nobody can read, for this reason. */
[[nodiscard]] Gap unreadable_at(std::int64_t offset, std::int64_t broken_offset, std::string_view reason);

/** The statement that accepts the gap. */
[[nodiscard]] std::string accepting(const Gap &gap, std::string_view group, PartitionView partition);

} // namespace analytics::ingestor
