/* Claims on the partitions that the group has assigned to us: made, watched, and made again.
 *
 *     assigned     claim each partition in the database, and read on from the offset that the database has
 *     unreadable   a partition whose next record is gone from Kafka, or can't be read, stops; the others continue. It
 *                  is claimed again once the operator has accepted the gap in the database
 *     rewound      the database no longer has our claim, or our last offset: the partition is claimed again */
#pragma once

#include "dispatcher.hpp"
#include "gap.hpp"
#include "group_store.hpp"
#include "loop_context.hpp"
#include "partition_buffers.hpp"

#include <deque>
#include <map>
#include <optional>

namespace analytics::ingestor {

class Claims {
public:
    Claims(LoopContext &loop, PartitionBuffers &buffers, DatabaseHealth &health, GroupMembership &membership,
           Dispatcher &dispatcher)
        : loop_(loop), buffers_(buffers), health_(health), membership_(membership), dispatcher_(dispatcher),
          group_store_(loop.consumer, loop.observe, loop.options.group, loop.options.adopts_group)
    {
    }

    /** These partitions are to be claimed. */
    void assigned(const std::vector<Partition> &partitions);
    /** None are. */
    void revoked();

    /** Claims what can be claimed now, where that is due. */
    void claim_due();
    /** Looks after what is claimed: accepted gaps, and a database that went back in time. */
    void check_due();
    /** When partitions are to be claimed; nothing: all are. */
    [[nodiscard]] std::optional<Time> due_at() const;

    /** The partition can't be read on. */
    void unreadable(const UnreadablePartition &unreadable);

private:
    struct UnclaimedPartition {
        Partition partition;
        std::optional<std::int64_t> start = {}; // where it began when we claimed it first
    };

    void claim_all();
    bool claim(const UnclaimedPartition &unclaimed);
    void claim_again(const Partition &partition, std::optional<std::int64_t> start);
    [[nodiscard]] std::int64_t first_offset(const Watermarks &watermarks, std::optional<std::int64_t> start) const;
    void read_all();

    bool check_group();
    bool is_ours(GroupStore::Owner owner);

    void stop(const Partition &partition, PartitionBuffer &buffer, const Gap &gap, const Watermarks &watermarks);
    void check_gaps();
    void find_rewound();

    LoopContext &loop_;
    PartitionBuffers &buffers_;
    DatabaseHealth &health_;
    GroupMembership &membership_;
    Dispatcher &dispatcher_;
    GroupStore group_store_;
    std::deque<UnclaimedPartition> unclaimed_; // assigned by the group, not yet claimed in the database
    std::map<Partition, std::int64_t, PartitionOrder> first_offsets_; // where each began when we claimed it first
    Time claim_at_{};
    std::optional<Time> check_gaps_at_; // nothing: no partition is stopped
    Time find_rewound_at_{};
    bool must_answer_group_ = false; // the group waits for assign()
    bool must_check_group_ = false;  // to which store it belongs
};

} // namespace analytics::ingestor
