/* What the loop knows of the database's health, and when it asks the database again.
 *
 *     well      everything is tried at once
 *     sick      a call failed that may succeed later. Until an answer comes, there is one try after each pause, of any
 *               call, and pauses grow. A try without an answer delays no other try
 *     paused    for too long nothing could be taken from Kafka, since the database is sick or slow. Kafka is paused, so
 *               that the loop can poll, which keeps our place in the group. The next answer ends the pause as well
 *
 * The surprising thing: a pause counts from the beginning of a try, for several may be running, and nobody waits for
 * them here. */
#pragma once

#include "../runtime/observe.hpp"
#include "backoff.hpp"
#include "partition_buffers.hpp"
#include "run_options.hpp"

#include <optional>

namespace analytics::ingestor {

class DatabaseHealth {
public:
    DatabaseHealth(Consumer &consumer, runtime::Observer &observe, const RunOptions &options);

    [[nodiscard]] bool is_sick() const noexcept { return sickness_.has_value(); }
    /** Whether Kafka is paused. */
    [[nodiscard]] bool is_paused() const noexcept { return is_paused_; }
    /** When the next try may be made; nothing: now. */
    [[nodiscard]] std::optional<Time> retry_at() const noexcept;

    /** Whether the database may be called now. True must be followed by a call. */
    bool may_try(Time now);
    /** A transient failure of a call that began then: a call that took a minute to fail was a minute of sickness. */
    void failed(const Failure &failure, Time begun, Time now);
    /** The database answered a call. True: it was sick until now. */
    bool answered(Time now);
    /** The next call is not the one that failed: its pauses begin with the shortest. */
    void retry_soon(Time now);

    /** To be called at every turn. is_stuck: nothing more can be taken, so the loop does not poll. */
    void check_progress(bool is_stuck, const PartitionBuffers &buffers, Time now);

private:
    struct Sickness {
        Time since;
        Time retry_at;
    };

    Consumer &consumer_;
    runtime::Observer &observe_;
    const RunOptions &options_;
    Backoff backoff_;
    std::optional<Sickness> sickness_;
    std::optional<Time> stuck_since_; // nothing: records can be taken
    bool is_paused_ = false;
};

} // namespace analytics::ingestor
