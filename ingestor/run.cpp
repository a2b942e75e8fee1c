#include "run.hpp"

#include "../runtime/backoff.hpp"
#include "gap.hpp"
#include "holdings.hpp"
#include "progress.hpp"

#include <algorithm>
#include <deque>
#include <utility>

namespace analytics::ingestor {
namespace {

using runtime::Event;
using runtime::ExitCode;

/* With nothing in hand there is nothing to wake up for but a stop. */
constexpr Milliseconds idle_poll{100};

/* Before a partition is tried again whose brokers did not answer. */
constexpr Milliseconds claim_pause{1'000};

/* Between two looks whether the operator has accepted a stopped partition's gap: soon enough for who waits for it, and
 * nothing to the database. */
constexpr Milliseconds watch_pause{2'000};

/* The database is sick. */
struct Sickness {
    Time since;
    Time retry_at;
    bool holds_kafka = false;
};

class Run {
public:
    Run(Consumer &consumer, Writer &writer, Clock &clock, std::stop_token stop, runtime::Observer &observe,
        const RunOptions &options)
        : consumer_(consumer), writer_(writer), clock_(clock), stop_(std::move(stop)), observe_(observe),
          options_(options), holdings_(options.limits, options.limits.bytes * options.open_batches),
          progress_(consumer, observe), backoff_(options.first_pause, options.longest_pause, options.seed)
    {
    }

    ExitCode operator()()
    {
        while (!stop_.stop_requested() && !is_faulty_) {
            observe_.alive();
            if (must_not_take_more())
                clock_.wait(sickness_->retry_at, stop_);
            else
                std::visit([this](const auto &delivery) { on(delivery); }, consumer_.poll(patience()));
            if (!is_faulty_) work();
            progress_.tell(holdings_, clock_.now());
        }
        observe_(Event::stopping, {{"records_in_hand", holdings_.records()}});
        if (!is_faulty_ && !sickness_) write_all();
        consumer_.close();
        return is_faulty_ ? ExitCode::fault : ExitCode::stopped;
    }

private:
    // ---- what a poll brings ----

    void on(const Nothing &) {}
    void on(const Record &record) { holdings_.add(record, clock_.now()); }
    void on(const End &end) { holdings_.reach(end, clock_.now()); }

    void on(const Assigned &assigned)
    {
        observe_(Event::partitions_assigned, {{"partitions", assigned.partitions.size()}});
        holdings_.clear();
        unclaimed_.assign(assigned.partitions.begin(), assigned.partitions.end());
        must_answer_ = true;
        is_rejoining_ = false;
        claim_at_ = clock_.now();
    }

    void on(const Revoked &revoked)
    {
        is_rejoining_ = true; // whatever the writing brings, the group is about to be joined anew
        if (!revoked.lost && !sickness_) {
            give_up_by(clock_.now() + options_.hand_over_budget);
            write_all();
            if (!is_stopping_) give_up_at_.reset();
        }
        observe_(Event::partitions_revoked, {{"lost", revoked.lost}, {"records_dropped", holdings_.records()}});
        holdings_.clear();
        progress_.forget();
        unclaimed_.clear();
        must_answer_ = false;
        consumer_.unassign();
    }

    void on(const Broken &broken)
    {
        Holding *holding = holdings_.find(broken.partition);
        if (holding == nullptr || holding->is_stopped) return;
        const Partition partition{std::string(broken.partition.topic), broken.partition.id};
        const auto watermarks = consumer_.watermarks(partition);
        const auto gap = watermarks ? gap_at(holding->position(), *watermarks) : std::nullopt;
        consumer_.stop(partition);
        stop(partition, *holding, gap.value_or(unreadable_at(holding->position(), broken.offset, broken.message)),
             watermarks.value_or(Watermarks{}));
    }

    void on(const Fault &fault)
    {
        observe_(Event::fault, {{"message", fault.message}});
        is_faulty_ = true;
    }

    // ---- what is to be done ----

    /* A batch waits for the database, and Kafka is not held: a poll would bring more, without bound. */
    bool must_not_take_more() { return sickness_ && !sickness_->holds_kafka && holdings_.any_open() != nullptr; }

    /* How long a poll may take before something is due. */
    Milliseconds patience()
    {
        const Time now = clock_.now();
        Time until = now + idle_poll;
        if (sickness_)
            until = std::min(until, sickness_->retry_at);
        else if (const auto due = holdings_.due_at())
            until = std::min(until, *due);
        if (!sickness_ && !unclaimed_.empty()) until = std::min(until, claim_at_);
        return std::max(Milliseconds(0), std::chrono::ceil<Milliseconds>(until - now));
    }

    void work()
    {
        if (sickness_ && clock_.now() < sickness_->retry_at) return;
        if (must_answer_ || (!unclaimed_.empty() && clock_.now() >= claim_at_)) claim_all();
        while (auto *entry = next_batch()) write(*entry);
        if (watch_at_ && !is_faulty_ && clock_.now() >= *watch_at_) watch();
    }

    /* While the database is sick, one try at a time: of any batch. */
    Holdings::Map::value_type *next_batch()
    {
        if (is_faulty_) return nullptr;
        if (!sickness_) return holdings_.due(clock_.now());
        if (clock_.now() < sickness_->retry_at) return nullptr;
        auto *entry = holdings_.any_open();
        if (entry == nullptr) sickness_->retry_at = clock_.now() + idle_poll; // until there is something to try
        return entry;
    }

    bool is_calm() const { return !is_faulty_ && !sickness_; }

    // ---- how long the database may make us wait ----

    void give_up_by(Time time) { give_up_at_ = std::min(time, give_up_at_.value_or(time)); }

    /* Asked before and while the database is waited for; a stop may be asked for meanwhile. */
    bool may_wait()
    {
        observe_.alive();
        if (stop_.stop_requested() && !std::exchange(is_stopping_, true))
            give_up_by(clock_.now() + options_.stop_budget);
        return !give_up_at_ || clock_.now() < *give_up_at_;
    }

    // ---- claiming ----

    /* Claims what can be claimed now, and reads all that is held. The group gets its answer even when that is nothing
     * yet, for until then it makes every member wait. */
    void claim_all()
    {
        const std::size_t before = unclaimed_.size();
        while (!unclaimed_.empty() && claim(unclaimed_.front())) unclaimed_.pop_front();
        if (!unclaimed_.empty()) { // one that can't be had must not stand before the others
            std::rotate(unclaimed_.begin(), unclaimed_.begin() + 1, unclaimed_.end());
            claim_at_ = clock_.now() + claim_pause;
        }
        if (must_answer_ || unclaimed_.size() < before) read_all();
        must_answer_ = false;
    }

    void read_all()
    {
        const auto starts = holdings_.starts();
        consumer_.assign(starts);
        if (!unclaimed_.empty()) return;
        observe_(Event::partitions_ready,
                 {{"partitions", starts.size()}, {"stopped", holdings_.size() - starts.size()}});
    }

    /* False: not now. */
    bool claim(const Partition &partition)
    {
        observe_.alive();
        auto watermarks = consumer_.watermarks(partition);
        if (!watermarks) return false;
        const bool from_start = options_.first_start == FirstStart::earliest;
        const Time begun = clock_.now();
        const auto answer = writer_.take(partition, from_start ? watermarks->low : watermarks->high, watermarks->high,
                                         [this] { return may_wait(); });
        if (const auto *failure = std::get_if<Failure>(&answer)) {
            failed(*failure, begun);
            return false;
        }
        recovered();
        const auto &claim = std::get<Claim>(answer);
        if (gap_at(claim.next_offset, *watermarks)) { // while the claim was waited for, its last owner may have gone on
            watermarks = consumer_.watermarks(partition);
            if (!watermarks) return false;
        }
        holdings_.hold(partition, claim);
        if (const auto gap = gap_at(claim.next_offset, *watermarks)) {
            stop(partition, *holdings_.find(partition), *gap, *watermarks);
            return true;
        }
        observe_(Event::partition_taken, {{"topic", partition.topic},
                                          {"partition", partition.id},
                                          {"offset", claim.next_offset},
                                          {"high_watermark", watermarks->high},
                                          {"epoch", claim.epoch}});
        return true;
    }

    // ---- partitions that Kafka can't go on with ----

    void stop(const Partition &partition, Holding &holding, const Gap &gap, const Watermarks &watermarks)
    {
        holding.is_stopped = true;
        watch_at_ = clock_.now() + watch_pause;
        observe_(Event::partition_stopped, {{"topic", partition.topic},
                                            {"partition", partition.id},
                                            {"offset", gap.from_offset},
                                            {"low_watermark", watermarks.low},
                                            {"high_watermark", watermarks.high},
                                            {"message", gap.message},
                                            {"command", accepting(gap, options_.group, partition)}});
    }

    /* A partition whose gap was accepted is claimed anew, and so read from where the operator says. */
    void watch()
    {
        const auto stopped = holdings_.stopped();
        watch_at_ = stopped.empty() ? std::nullopt : std::optional(clock_.now() + watch_pause);
        for (const Partition &partition : stopped) {
            const Time begun = clock_.now();
            const auto answer =
                writer_.gap_accepted(partition, holdings_.find(partition)->claim, [this] { return may_wait(); });
            if (const auto *failure = std::get_if<Failure>(&answer)) return failed(*failure, begun);
            recovered();
            if (!std::get<bool>(answer)) continue;
            observe_(Event::gap_accepted, {{"topic", partition.topic}, {"partition", partition.id}});
            holdings_.drop(partition);
            unclaimed_.push_back(partition);
            claim_at_ = clock_.now();
        }
    }

    // ---- writing ----

    void write_all()
    {
        while (auto *entry = is_calm() && may_wait() ? holdings_.any_open() : nullptr) write(*entry);
    }

    void write(Holdings::Map::value_type &entry)
    {
        auto &[partition, holding] = entry;
        const runtime::Work work = holding.batch.work(); // ours: the batch is gone before the end
        const runtime::Tracing tracing(work);
        const Time begun = clock_.now();
        const Receipt receipt = writer_.commit(partition, holding.claim, holding.batch,
                                               consumer_.last_high_watermark(partition), [this] { return may_wait(); });
        if (const auto *failure = std::get_if<Failure>(&receipt)) return failed(*failure, begun);
        recovered();
        if (std::holds_alternative<Fenced>(receipt)) return fenced(entry);

        const auto &committed = std::get<Committed>(receipt);
        observe_committed(entry, committed, clock_.now() - begun);
        holdings_.committed(entry);
        consumer_.mark_done(partition, holding.claim.next_offset);
    }

    void observe_committed(const Holdings::Map::value_type &entry, const Committed &committed, Time::duration took)
    {
        const auto &[partition, holding] = entry;
        observe_(Event::batch_committed,
                 {{"topic", partition.topic},
                  {"partition", partition.id},
                  {"offset", holding.batch.first_offset()},
                  {"next_offset", holding.batch.next_offset()},
                  {"records", holding.batch.size()},
                  {"bytes", holding.batch.bytes()},
                  {"stored", committed.stored},
                  {"duplicates", committed.duplicates},
                  {"dead_lettered", committed.dead_lettered},
                  {"skipped", committed.skipped},
                  {"counts_known", committed.counts_known},
                  {"milliseconds", std::chrono::duration<double, std::milli>(took).count()},
                  {"age_milliseconds",
                   std::chrono::duration<double, std::milli>(clock_.now() - holding.batch.opened_at()).count()}});
        if (!committed.refusals.empty())
            observe_(Event::records_refused, {{"topic", partition.topic},
                                              {"partition", partition.id},
                                              {"offset", holding.batch.first_offset()},
                                              {"refusals", runtime::Json{committed.refusals}}});
    }

    void fenced(const Holdings::Map::value_type &entry)
    {
        const auto &[partition, holding] = entry;
        observe_(Event::partition_fenced, {{"topic", partition.topic},
                                           {"partition", partition.id},
                                           {"offset", holding.claim.next_offset},
                                           {"epoch", holding.claim.epoch},
                                           {"records_dropped", holding.batch.size()}});
        holdings_.drop(Partition(partition));
        progress_.forget();
        if (!std::exchange(is_rejoining_, true)) consumer_.rejoin();
    }

    // ---- sickness ----

    /* begun: when that was tried which failed; what took a minute to fail counts as a minute of sickness. */
    void failed(const Failure &failure, Time begun)
    {
        if (!failure.transient) {
            observe_(Event::database_refused,
                     {{"sqlstate", failure.sqlstate}, {"message", failure.message}, {"hint", failure.hint}});
            is_faulty_ = true;
            return;
        }
        const Time now = clock_.now();
        if (!sickness_) {
            observe_(Event::database_unavailable, {{"sqlstate", failure.sqlstate}, {"message", failure.message}});
            sickness_ = Sickness{begun, now};
        }
        sickness_->retry_at = now + backoff_.next();
        const bool is_leaving = give_up_at_.has_value();
        if (!is_leaving && !sickness_->holds_kafka && now - sickness_->since >= options_.hold_after) hold_kafka();
    }

    void hold_kafka()
    {
        sickness_->holds_kafka = true;
        observe_(Event::consumption_paused, {{"records_in_hand", holdings_.records()}});
        consumer_.pause();
    }

    void recovered()
    {
        if (!sickness_) return;
        const auto lasted = std::chrono::duration_cast<Milliseconds>(clock_.now() - sickness_->since);
        observe_(Event::database_recovered, {{"milliseconds", lasted.count()}, {"attempts", backoff_.attempts()}});
        if (std::exchange(sickness_, std::nullopt)->holds_kafka) {
            consumer_.resume();
            observe_(Event::consumption_resumed);
        }
        backoff_.reset();
    }

    Consumer &consumer_;
    Writer &writer_;
    Clock &clock_;
    std::stop_token stop_;
    runtime::Observer &observe_;
    const RunOptions &options_;

    Holdings holdings_;
    Progress progress_;
    std::deque<Partition> unclaimed_; // ours by the group's word, not yet by the database's
    Time claim_at_{};                 // when to try again
    std::optional<Time> watch_at_;    // when to look at the stopped ones again
    bool must_answer_ = false;        // the group waits for assign()
    bool is_rejoining_ = false;
    std::optional<Time> give_up_at_; // on the database, for others wait for us
    bool is_stopping_ = false;

    runtime::Backoff backoff_;
    std::optional<Sickness> sickness_;
    bool is_faulty_ = false;
};

} // namespace

ExitCode run(Consumer &consumer, Writer &writer, Clock &clock, const std::stop_token &stop, runtime::Observer &observe,
             const RunOptions &options)
{
    return Run(consumer, writer, clock, stop, observe, options)();
}

} // namespace analytics::ingestor
