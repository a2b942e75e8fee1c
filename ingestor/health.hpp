/* What the loop knows of the database's health, and how it waits.
 *
 *     well    everything is tried at once
 *     sick    something failed that may succeed later: one try a pause, of anything, with growing pauses, until an answer
 *             comes. A try that gets none keeps nobody else from his turn
 *     held    for too long nothing could be taken from Kafka, since the database is sick, or slow: Kafka is held, so
 *             that the loop can poll, which keeps the place in the group. The next answer ends that as well
 *
 * The surprising thing: what a pause counts from is the try's beginning, for there may be several at work, and none of
 * them is waited for here. */
#pragma once

#include "../runtime/backoff.hpp"
#include "../runtime/observe.hpp"
#include "holdings.hpp"
#include "ports.hpp"
#include "run.hpp"

#include <optional>

namespace analytics::ingestor {

class Health {
public:
    Health(Consumer &consumer, runtime::Observer &observe, const RunOptions &options);

    [[nodiscard]] bool is_sick() const noexcept { return sickness_.has_value(); }
    [[nodiscard]] bool holds_kafka() const noexcept { return holds_kafka_; }
    /** When the next try may be made; nothing: now. */
    [[nodiscard]] std::optional<Time> retry_at() const noexcept;

    /** Whether something may be asked of the database now; who is told so asks it. */
    bool may_try(Time now);
    /** A transient failure of what was asked at begun: what took a minute to fail was a minute of sickness. */
    void failed(const Failure &failure, Time begun, Time now);
    void answered(Time now);
    /** What is to be tried next is another thing than what failed: pauses begin anew. */
    void hurry(Time now);

    /** To be told at every turn: is_stuck when nothing more can be taken, so that the loop does not poll. */
    void turned(bool is_stuck, const Holdings &holdings, Time now);

private:
    struct Sickness {
        Time since;
        Time retry_at;
    };

    Consumer &consumer_;
    runtime::Observer &observe_;
    const RunOptions &options_;
    runtime::Backoff backoff_;
    std::optional<Sickness> sickness_;
    std::optional<Time> stuck_since_; // nothing: something can be taken
    bool holds_kafka_ = false;
};

} // namespace analytics::ingestor
