/* The loop's way into the database: batches to workers and back, and calls of the loop's own between batches.
 *
 * How long the database may make us wait is decided here, for both: without bound while all is well; within a budget
 * once a stop is requested, or the group waits for our partitions. */
#pragma once

#include "database_health.hpp"
#include "failing_batches.hpp"
#include "group_membership.hpp"
#include "loop_context.hpp"
#include "partition_buffers.hpp"
#include "progress.hpp"

#include <optional>
#include <utility>

namespace analytics::ingestor {

class Dispatcher {
public:
    Dispatcher(LoopContext &loop, PartitionBuffers &buffers, DatabaseHealth &health, Progress &progress,
               GroupMembership &membership)
        : loop_(loop), buffers_(buffers), health_(health), progress_(progress), membership_(membership),
          failing_(loop, buffers, health)
    {
    }

    // ---- batches ----

    /** Dispatches the next batch that is due. While the database is sick any batch will do, as a try. */
    bool dispatch_next();
    /** Dispatches each buffered batch once, and waits for all that is in flight. What is left when the time is up is
     * the caller's to drop. */
    void write_all();
    /** Handles all completions. */
    void receive();

    // ---- calls between batches ----

    /** Calls a writer: call(writer, keep_waiting) → variant<Answer, Failure>. Nothing: it failed. */
    template <class Call> auto ask(Writer &writer, Call call)
    {
        const Time begun = loop_.now();
        auto outcome = call(writer, [this] { return keep_waiting(); });
        using Answer = std::variant_alternative_t<0, decltype(outcome)>;
        if (const auto *failure = std::get_if<Failure>(&outcome)) {
            failed(*failure, begun);
            return std::optional<Answer>();
        }
        answered();
        return std::optional<Answer>(std::get<0>(std::move(outcome)));
    }
    /** Waits for an idle writer, though not for long: the call can be made later as well. Null: all are busy. */
    Writer *idle_writer();

    /** Whether the database may be called now. True must be followed by a call. */
    bool may_try() { return !loop_.is_ending() && health_.may_try(loop_.now()); }
    [[nodiscard]] bool is_well() const noexcept { return !loop_.is_ending() && !health_.is_sick(); }
    void failed(const Failure &failure, Time begun);
    /** Whether the database has recovered since this was last asked: it may be another one now. */
    bool has_recovered() { return std::exchange(has_recovered_, false); }

    // ---- how long the database may make us wait ----

    /** Reports to the service manager that we are alive, unless a worker hangs: to wait for what hangs is to hang. */
    void report_alive();
    /** Asked before and during each wait. A stop may be requested meanwhile. */
    bool keep_waiting();
    /** Until then at most. */
    void limit_wait(Time until);
    /** Ends the limit, except for that of a stop. */
    void lift_limit();

    /* Before a partition is tried again whose brokers did not answer, or for which no worker was idle; and how long
     * idle_writer waits. */
    static constexpr Milliseconds claim_pause{1'000};

private:
    void dispatch(PartitionBuffers::Map::value_type &entry);
    void completed(Completion completion);
    void stored(PartitionBuffers::Map::value_type &entry, const Committed &committed);
    void requeued(PartitionBuffers::Map::value_type &entry, const Failure &failure, Time begun);
    void fenced(const InFlightBatch &batch, std::size_t records);
    void answered();

    LoopContext &loop_;
    PartitionBuffers &buffers_;
    DatabaseHealth &health_;
    Progress &progress_;
    GroupMembership &membership_;
    FailingBatches failing_;
    std::optional<Time> wait_until_; // others wait for us
    bool is_stopping_ = false;
    bool has_recovered_ = false;
};

} // namespace analytics::ingestor
