/* What the loop does, and how long it waits. */
#pragma once

#include "batch.hpp"

#include <string>

namespace analytics::runtime {
class Settings;
}

namespace analytics::ingestor {

enum class FirstStart : std::uint8_t { earliest, latest };

struct RunOptions {
    BatchLimits limits;
    std::string group;         // the consumer group, for messages
    bool adopts_group = false; // although it belongs to another store
    FirstStart first_start = FirstStart::earliest;
    std::uint64_t seed = 0; // of the pauses' jitter

    /* Tries follow each other from 100 ms up to 5 s. That is quick enough that nobody waits for us after a restart,
     * and rare enough that a server that comes back is not met by a crowd. */
    Milliseconds first_pause{100};
    Milliseconds longest_pause{5'000};
    /* A batch that fails so often in a row, though the database accepts connections, is set aside and tried shorter.
     * Fewer failures may come from a deadlock or a time-out, and setting aside costs: what was fetched behind is
     * fetched again. */
    std::size_t tries_before_shorter = 3;
    /* To pause Kafka throws away what is fetched already, so a hiccup must not cause it. Until then nobody polls,
     * which the group allows for max.poll.interval.ms (5 minutes, 6 s at the least), and waits for during a
     * rebalance. A database that answers, only slowly, must not cause a pause at every batch. */
    Milliseconds pause_sick_after{2'000};
    Milliseconds pause_slow_after{5'000};
    /* The open batches of all partitions together: as much as this many full ones. Memory stays bounded whatever the
     * number of partitions. Batches in flight come on top: a full one a worker. */
    std::size_t open_batches = 2;
    /* What a database that does not answer may cost others. A stop must leave the group too, within 10 s in all. The
     * whole group waits for a member that gives partitions back. */
    Milliseconds stop_budget{4'000};
    Milliseconds hand_over_budget{10'000};
};

[[nodiscard]] RunOptions run_options(const runtime::Settings &settings, bool adopts_group);

} // namespace analytics::ingestor
