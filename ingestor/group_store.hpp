/* The store that the consumer group belongs to. A group has one store: two stores would each get a part of the
 * records, and nobody would notice.
 *
 * Each offset that is mirrored to Kafka carries a mark in its metadata: that of the store whose ingestor committed
 * it.
 *
 *     analytics_events/1 <id of the tables> <system identifier> <oid of the database> <its name>
 *
 * Marks are read after each rebalance, before anything is claimed. The first mark of the group, in the order of
 * topics and partitions, decides: so all readers agree, even when two stores began at once. Marks are written before
 * the first record is read, and read once more after that: of two stores that began at once, the one that reads last
 * sees both marks. If the first mark is the other's, it gives up. If the first mark is its own, the other may have read
 * before that was written; so the group is contested, and is to rebalance, whereupon the other reads again. Offsets
 * without a mark, or with somebody else's metadata, belong to nobody. */
#pragma once

#include "../runtime/observe.hpp"
#include "consumer.hpp"
#include "writer.hpp"

#include <string>

namespace analytics::ingestor {

/** The store's mark. */
[[nodiscard]] std::string mark_of(const Store &store);

class GroupStore {
public:
    enum class Owner : std::uint8_t { ours, contested, another, unknown };

    /** adopts: a group of another store is made ours, once. */
    GroupStore(Consumer &consumer, runtime::Observer &observe, std::string group, bool adopts)
        : consumer_(consumer), observe_(observe), group_(std::move(group)), adopts_(adopts)
    {
    }

    /** Whose the group is; another store's is reported. From now on mirrored offsets carry our mark. */
    [[nodiscard]] Owner check(const Store &ours);

    /** Marks these partitions as ours where they have no mark of ours yet, and checks the group again. Contested: it is
     * ours, and another store has marked some of its partitions. */
    [[nodiscard]] Owner mark(std::span<const StartOffset> claimed);

private:
    [[nodiscard]] Owner decide(const std::vector<GroupOffset> &offsets);
    [[nodiscard]] Owner adopt(const std::vector<GroupOffset> &offsets, const std::string &other);

    Consumer &consumer_;
    runtime::Observer &observe_;
    std::string group_;
    bool adopts_;
    std::string mark_;
    std::vector<GroupOffset> seen_;
};

} // namespace analytics::ingestor
