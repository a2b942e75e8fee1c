#include "run.hpp"

#include "claims.hpp"
#include "database_health.hpp"
#include "dispatcher.hpp"
#include "group_membership.hpp"
#include "loop_context.hpp"
#include "partition_buffers.hpp"
#include "progress.hpp"

#include <algorithm>

namespace analytics::ingestor {
namespace {

using runtime::ExitCode;

/* Few enough that a completion waits for microseconds. */
constexpr std::size_t records_a_turn = 64;

class Run {
public:
    explicit Run(LoopContext loop)
        : loop_(std::move(loop)),
          buffers_(loop_.options.limits, loop_.options.limits.bytes * loop_.options.open_batches),
          progress_(loop_.consumer, loop_.observe), health_(loop_.consumer, loop_.observe, loop_.options),
          membership_(loop_.consumer, loop_.observe, loop_.options.group),
          dispatcher_(loop_, buffers_, health_, progress_, membership_),
          claims_(loop_, buffers_, health_, membership_, dispatcher_)
    {
        membership_.joining(loop_.now());
    }

    ExitCode operator()()
    {
        while (!loop_.stop.stop_requested() && !loop_.is_ending()) {
            dispatcher_.report_alive();
            if (must_not_poll())
                loop_.workers.wait(loop_.now() + poll_timeout());
            else
                read();
            if (!loop_.is_ending()) work();
            progress_.report(buffers_, loop_.now());
            membership_.report_wait(loop_.now());
        }
        loop_.observe(event::Stopping{.records_buffered = buffers_.records()});
        if (dispatcher_.is_well()) dispatcher_.write_all();
        loop_.workers.abandon();
        loop_.consumer.close();
        return loop_.end.value_or(ExitCode::stopped);
    }

private:
    // ---- what a poll returns ----

    /* What comes first, and the records that wait behind it: a turn's work is done once for all of them. */
    void read()
    {
        PollResult result = loop_.consumer.poll(poll_timeout());
        for (std::size_t more = records_a_turn;; --more) {
            std::visit([this](const auto &what) { on(what); }, result);
            if (!std::holds_alternative<Record>(result) || more == 0 || must_not_poll()) return;
            result = loop_.consumer.poll(Milliseconds::zero());
        }
    }

    void on(const Nothing &) {}
    void on(const Record &record) { buffers_.add(record, loop_.now()); }
    void on(const EndOfPartition &end) { buffers_.advance(end, loop_.now()); }
    void on(const UnreadablePartition &partition) { claims_.unreadable(partition); }

    void on(const Assigned &assigned)
    {
        loop_.observe(event::PartitionsAssigned{.partitions = assigned.partitions.size()});
        buffers_.clear();
        loop_.workers.abandon(); // the claims are not to wait for what is in flight
        claims_.assigned(assigned.partitions);
        membership_.assigned();
    }

    /* What is in flight may still be stored, or not: the next claim will know. Until then it is received as before. */
    void on(const Revoked &revoked)
    {
        membership_.leaving();
        if (!revoked.lost && dispatcher_.is_well()) {
            dispatcher_.limit_wait(loop_.now() + loop_.options.hand_over_budget);
            dispatcher_.write_all();
            dispatcher_.lift_limit();
        }
        loop_.observe(event::PartitionsRevoked{.lost = revoked.lost, .records_dropped = buffers_.records()});
        buffers_.clear();
        progress_.reset();
        claims_.revoked();
        loop_.consumer.unassign();
        membership_.joining(loop_.now());
    }

    void on(const FatalError &error)
    {
        loop_.observe(event::Fault{.message = error.message});
        loop_.end = ExitCode::fault;
    }

    // ---- what is to be done ----

    /* A poll would bring more records, without bound. While Kafka is paused it brings none. */
    bool must_not_poll() const
    {
        return !health_.is_paused() && (buffers_.is_full() || (health_.is_sick() && !buffers_.is_empty()));
    }

    /* Until something is due. A completion ends the poll as well. */
    Milliseconds poll_timeout()
    {
        const Time now = loop_.now();
        Time until = now + idle_poll;
        const auto consider = [&](std::optional<Time> due) {
            if (due) until = std::min(until, std::max(*due, now));
        };
        if (const auto retry_at = health_.retry_at()) {
            if (*retry_at > now) consider(retry_at); // otherwise there is nothing to try
        } else {
            if (loop_.workers.idle_writer() != nullptr) consider(buffers_.due_at());
            consider(claims_.due_at());
        }
        return std::chrono::ceil<Milliseconds>(until - now);
    }

    void work()
    {
        dispatcher_.receive();
        claims_.claim_due();
        while (dispatcher_.dispatch_next()) dispatcher_.receive();
        claims_.check_due();
        health_.check_progress(must_not_poll(), buffers_, loop_.now());
    }

    LoopContext loop_;
    PartitionBuffers buffers_;
    Progress progress_;
    DatabaseHealth health_;
    GroupMembership membership_;
    Dispatcher dispatcher_;
    Claims claims_;
};

} // namespace

ExitCode run(Consumer &consumer, WriterWorkers &workers, Clock &clock, const std::stop_token &stop,
             runtime::Observer &observe, const RunOptions &options)
{
    return Run({consumer, workers, clock, stop, observe, options})();
}

} // namespace analytics::ingestor
