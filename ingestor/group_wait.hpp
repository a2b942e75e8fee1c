/* Whom we wait for while the group has not shared out its partitions: a member that was killed is waited for until its
 * session has run out, and nobody says so but us. */
#pragma once

#include "../runtime/observe.hpp"
#include "ports.hpp"

#include <optional>
#include <string>

namespace analytics::ingestor {

class GroupWait {
public:
    GroupWait(Consumer &consumer, runtime::Observer &observe, std::string group)
        : consumer_(consumer), observe_(observe), group_(std::move(group))
    {
    }

    /** The group is being joined. */
    void begin(Time now) { look_at_ = now + patience; }
    /** The group has shared out. */
    void end() { look_at_.reset(); }

    /** To be called at every turn: looks who else is in the group once the wait is long, and tells. */
    void turned(Time now);

private:
    /* A group whose members are all well shares out within a heartbeat or two, of 3 s. */
    static constexpr Milliseconds patience{5'000};

    Consumer &consumer_;
    runtime::Observer &observe_;
    std::string group_;
    std::optional<Time> look_at_; // nothing: there is nothing to tell
};

} // namespace analytics::ingestor
