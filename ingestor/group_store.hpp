/* To which store the consumer group belongs: a group has one, or each of several would get a part of the records, or all
 * of them, and nobody would know.
 *
 * Each offset that is mirrored to Kafka carries a mark in its metadata, that of the store whose ingestor committed it.
 *
 *     analytics_events/1 <id of the tables> <system identifier> <oid of the database> <its name>
 *
 * Marks are read whenever the group has shared out, before anything is claimed. The first mark of the group, in the order
 * of topics and partitions, says whose the group is: so all who look agree, also when two stores began at once. Marks are
 * written before the first record is read, and read once more after that: of two that began at once, one gives up.
 * Offsets without a mark, or with somebody else's metadata, are nobody's. */
#pragma once

#include "../runtime/observe.hpp"
#include "ports.hpp"

#include <string>

namespace analytics::ingestor {

/** What a store is told apart by, as metadata of an offset. */
[[nodiscard]] std::string mark_of(const Store &store);

class GroupStore {
public:
    enum class Answer : std::uint8_t { ours, anothers, unknown };

    /** adopts: a group of another store is made ours, once. */
    GroupStore(Consumer &consumer, runtime::Observer &observe, std::string group, bool adopts)
        : consumer_(consumer), observe_(observe), group_(std::move(group)), adopts_(adopts)
    {
    }

    /** Whose the group is; another's is told. From now on mirrored offsets carry our mark. */
    [[nodiscard]] Answer check(const Store &ours);

    /** Marks these partitions as ours, where they are not yet, and looks whether somebody else has done so meanwhile. */
    [[nodiscard]] Answer sign(std::span<const Start> claimed);

private:
    [[nodiscard]] Answer judge(const std::vector<GroupOffset> &offsets);
    [[nodiscard]] Answer adopt(const std::vector<GroupOffset> &offsets, const std::string &other);

    Consumer &consumer_;
    runtime::Observer &observe_;
    std::string group_;
    bool adopts_;
    std::string mark_;
    std::vector<GroupOffset> seen_;
};

} // namespace analytics::ingestor
