/* Our membership of the consumer group: whether we are joining it, and which members the group waits for.
 *
 * The group waits for a member that was killed until that member's session has expired, and only we report it. */
#pragma once

#include "../runtime/observe.hpp"
#include "clock.hpp"
#include "consumer.hpp"

#include <optional>
#include <string>

namespace analytics::ingestor {

class GroupMembership {
public:
    GroupMembership(Consumer &consumer, runtime::Observer &observe, std::string group)
        : consumer_(consumer), observe_(observe), group_(std::move(group))
    {
    }

    /** We are joining the group, and wait for partitions. */
    void joining(Time now) { look_at_ = now + patience; }
    /** The group has assigned partitions. */
    void assigned();
    /** The group is about to take all partitions back: there is no need to rejoin. */
    void leaving() { is_rejoining_ = true; }
    /** Leaves the group and joins it again, unless that is under way. */
    void rejoin(Time now);

    /** To be called at every turn: reports the other members when we have waited for long. */
    void report_wait(Time now);

private:
    /* A group whose members are all well assigns partitions within a heartbeat or two, of 3 s. */
    static constexpr Milliseconds patience{5'000};

    Consumer &consumer_;
    runtime::Observer &observe_;
    std::string group_;
    bool is_rejoining_ = false;
    std::optional<Time> look_at_; // nothing: we don't wait, or have reported it
};

} // namespace analytics::ingestor
