/* Which ranges of time get a partition: few of them, whatever times events have.
 *
 * Around now partitions have the length that the operator has chosen. Beyond, they are coarser the further a time is
 * from now. In 2026, with months:
 *
 *     0001            2000       2023           2028        2037            2100           10000
 *       |   one for all |  years   |   months     |   years   |   decades     |  one for all |
 *
 * Days and weeks are for some weeks or months around now, and lie within the months. The rings of whole years move with
 * the calendar. What exists stays as it is: a new range is cut where it meets an existing partition, or the next ring.
 *
 * When a batch needs more partitions than max_new_partitions, or the table comes to have many, the rule for the next
 * ones is coarser: first for times far from now, then for recent ones. Times around now keep the operator's length
 * until the table has so many that nobody can have wanted them. So whatever times events have, they take nothing from
 * the partitions of now, and the number of partitions is bounded over decades.
 *
 * Nothing here knows the clock or the catalog: both are given. */
#pragma once

#include "partition_length.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace analytics::core {

/** A batch makes no more, for each new partition takes some five locks, of a table of locks that all sessions share.
 * But where existing partitions leave more gaps than that between the times that a batch needs, each gap gets one. */
inline constexpr std::size_t max_new_partitions = 50;

/** The range that an instant gets in an empty table. */
[[nodiscard]] TimeRange usual_range(Instant instant, Instant now, CalendarUnit unit);

/** The ranges to make, in the order of time, so that every instant has a partition. needed and existing must be in the
 * order of time; existing ranges must not overlap. */
[[nodiscard]] std::vector<TimeRange>
plan_partitions(std::span<const Instant> needed, std::span<const TimeRange> existing, Instant now, CalendarUnit unit);

/** The one range to make around an instant, of a length that was asked for. Nothing when the instant has a
 * partition. */
[[nodiscard]] std::optional<TimeRange> plan_partition(Instant instant, std::span<const TimeRange> existing,
                                                      const PartitionLength &length) noexcept;

} // namespace analytics::core
