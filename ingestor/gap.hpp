/* Where Kafka can't go on from the offset that a partition stands at: what that means, and what the operator may say to
 * it. Nothing is skipped until he has said so; see "A partition stopped" in doc/operating.md. */
#pragma once

#include "ports.hpp"

#include <functional>
#include <string>

namespace analytics::ingestor {

struct Gap {
    std::string message;          // names both offsets: the one stored and what Kafka has
    std::int64_t from_offset = 0; // where the partition stands
    std::int64_t to_offset = 0;   // from where on Kafka can be read without leaving out more than need be
};

/** Nothing: Kafka has the record at this offset, or the next one to come. */
[[nodiscard]] std::optional<Gap> gap_at(std::int64_t offset, const Watermarks &watermarks);

/** Records that Kafka has, but nobody can read, for this reason. readable_offset: where it can be read again; nothing: not
 * known, so that no more is left out than the one record. */
[[nodiscard]] Gap unreadable_at(std::int64_t offset, std::int64_t broken_offset, std::string_view reason,
                                std::optional<std::int64_t> readable_offset = {});

/** Whether what stands at an offset is the piece of the log that can't be read; nothing: nobody knows. */
using IsBroken = std::function<std::optional<bool>(std::int64_t offset)>;

/** The end of the piece that begins at, or before, this offset, where records can be read again: a producer's batch is
 * broken as a whole. Asks about as often as the batch's size has binary digits, twice. end: Kafka has nothing from there on. */
[[nodiscard]] std::optional<std::int64_t> end_of_broken(std::int64_t offset, std::int64_t end,
                                                        const IsBroken &is_broken);

/** The statement that accepts the gap. */
[[nodiscard]] std::string accepting(const Gap &gap, std::string_view group, PartitionView partition);

} // namespace analytics::ingestor
