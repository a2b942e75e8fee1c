#include "run.hpp"

#include "gap.hpp"
#include "group_store.hpp"
#include "group_wait.hpp"
#include "health.hpp"
#include "holdings.hpp"
#include "progress.hpp"
#include "telling.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <utility>

namespace analytics::ingestor {
namespace {

using runtime::Event;
using runtime::ExitCode;

/* With nothing in hand there is nothing to wake up for but a stop. */
constexpr Milliseconds idle_poll{100};

/* Before a partition is tried again whose brokers did not answer, or for which no lane was idle; and how long one is
 * waited for. */
constexpr Milliseconds claim_pause{1'000};

/* Between two looks whether the operator has accepted a stopped partition's gap: soon enough for who waits for it, and
 * nothing to the database. */
constexpr Milliseconds watch_pause{2'000};

/* Between two looks whether the database still has what we have claimed. It may be another one since, behind the same name
 * or pooler, and a topic in which nothing happens would never ask it. */
constexpr Milliseconds verify_pause{5'000};
/* Nobody polls meanwhile; what answers later than this is asked again. */
constexpr Milliseconds verify_patience{2'000};

/* A partition whose claim is to be made. */
struct Unclaimed {
    Partition partition;
    std::optional<std::int64_t> start = {}; // where it began when we claimed it first
};

/* SQLSTATEs of a server that takes no batch at all, whatever is in it. Others may be the batch's own fault. */
bool is_outage(std::string_view sqlstate)
{
    constexpr std::array states{"08001", "57P03", "53100", "53300", "25006"};
    return std::ranges::find(states, sqlstate) != states.end();
}

/* … and of one that went away under the batch, so that the next try may meet nobody. */
bool is_loss(std::string_view sqlstate)
{
    return sqlstate.starts_with("08") || sqlstate.starts_with("57P");
}

class Run {
public:
    Run(Consumer &consumer, Lanes &lanes, Clock &clock, std::stop_token stop, runtime::Observer &observe,
        const RunOptions &options)
        : consumer_(consumer), lanes_(lanes), clock_(clock), stop_(std::move(stop)), observe_(observe),
          options_(options), holdings_(options.limits, options.limits.bytes * options.open_batches),
          progress_(consumer, observe), health_(consumer, observe, options),
          group_store_(consumer, observe, options.group, options.adopts_group),
          group_wait_(consumer, observe, options.group)
    {
        group_wait_.begin(clock_.now());
    }

    ExitCode operator()()
    {
        while (!stop_.stop_requested() && !is_ending()) {
            live();
            if (must_not_take_more())
                lanes_.wait(clock_.now() + patience());
            else
                std::visit([this](const auto &delivery) { on(delivery); }, consumer_.poll(patience()));
            if (!is_ending()) work();
            progress_.tell(holdings_, clock_.now());
            group_wait_.turned(clock_.now());
        }
        observe_(Event::stopping, {{"records_in_hand", holdings_.records()}});
        if (is_calm()) write_all();
        lanes_.give_up();
        consumer_.close();
        return end_.value_or(ExitCode::stopped);
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
        lanes_.give_up(); // the claims are not to wait for it
        unclaimed_.clear();
        for (const Partition &partition : assigned.partitions) unclaimed_.push_back({partition});
        group_wait_.end();
        must_answer_ = true;
        must_check_group_ = true;
        is_rejoining_ = false;
        claim_at_ = clock_.now();
    }

    /* What is under way still may be stored, or not; either way it is the next claim that tells. Nobody waits for it
     * until then, so it is listened to. */
    void on(const Revoked &revoked)
    {
        is_rejoining_ = true; // whatever the writing brings, the group is about to be joined anew
        if (!revoked.lost && is_calm()) {
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
        group_wait_.begin(clock_.now());
    }

    void on(const Broken &broken)
    {
        Holding *holding = holdings_.find(broken.partition);
        if (holding == nullptr || holding->is_stopped) return;
        const Partition partition{std::string(broken.partition.topic), broken.partition.id};
        const std::int64_t offset = holding->position();
        const auto watermarks = consumer_.watermarks(partition);
        auto gap = watermarks ? gap_at(offset, *watermarks) : std::nullopt;
        consumer_.stop(partition);
        if (!gap) {
            live();
            const auto readable = watermarks
                                      ? consumer_.readable_after(partition, offset, broken.offset, watermarks->high)
                                      : std::nullopt;
            gap = unreadable_at(offset, broken.offset, broken.message, readable);
        }
        stop(partition, *holding, *gap, watermarks.value_or(Watermarks{}));
    }

    void on(const Fault &fault)
    {
        observe_(Event::fault, {{"message", fault.message}});
        end_ = ExitCode::fault;
    }

    // ---- what is to be done ----

    /* A poll would bring more, without bound; while Kafka is held, it brings nothing. */
    bool must_not_take_more() const
    {
        return !health_.holds_kafka() && (holdings_.is_full() || (health_.is_sick() && !holdings_.is_empty()));
    }

    /* How long a poll may take before something is due. An arrival ends it. */
    Milliseconds patience()
    {
        const Time now = clock_.now();
        Time until = now + idle_poll;
        const auto look_at = [&](std::optional<Time> due) {
            if (due) until = std::min(until, std::max(*due, now));
        };
        if (const auto retry_at = health_.retry_at()) {
            if (*retry_at > now) look_at(retry_at); // else all that can be tried is
        } else {
            if (lanes_.idle() != nullptr) look_at(holdings_.due_at());
            if (!unclaimed_.empty()) look_at(claim_at_);
        }
        return std::chrono::ceil<Milliseconds>(until - now);
    }

    void work()
    {
        receive();
        if (must_answer_ || (!unclaimed_.empty() && clock_.now() >= claim_at_)) claim_all();
        while (send_next()) receive();
        if (watch_at_ && clock_.now() >= *watch_at_) watch();
        if (clock_.now() >= verify_at_) verify();
        health_.turned(must_not_take_more(), holdings_, clock_.now());
    }

    bool is_ending() const { return end_.has_value(); }
    bool may_try() { return !is_ending() && health_.may_try(clock_.now()); }
    bool is_calm() const { return !is_ending() && !health_.is_sick(); }

    /* The database did, whatever it was asked. After a sickness it may be another one. */
    void answered()
    {
        if (health_.is_sick()) verify_at_ = clock_.now();
        health_.answered(clock_.now());
    }

    // ---- how long the database may make us wait ----

    /* Waiting for what hangs is hanging: the service manager has to see it. */
    void live()
    {
        if (lanes_.is_alive()) observe_.alive();
    }

    void give_up_by(Time time) { give_up_at_ = std::min(time, give_up_at_.value_or(time)); }

    /* Asked before and while the database is waited for; a stop may be asked for meanwhile. */
    bool may_wait()
    {
        live();
        if (stop_.stop_requested() && !std::exchange(is_stopping_, true))
            give_up_by(clock_.now() + options_.stop_budget);
        return !give_up_at_ || clock_.now() < *give_up_at_;
    }

    /* For a call of our own, between batches. It can be made later as well, so a lane is not waited for much. */
    Writer *idle_writer()
    {
        const Time until = clock_.now() + claim_pause;
        for (; lanes_.idle() == nullptr && clock_.now() < until && may_wait(); receive())
            lanes_.wait(std::min(until, clock_.now() + idle_poll));
        return lanes_.idle();
    }

    // ---- claiming ----

    /* Claims what can be claimed now, and reads all that is held. The group gets its answer even when that is nothing
     * yet, for until then it makes every member wait. */
    void claim_all()
    {
        if (!may_try()) return;
        if (must_check_group_ && !check_group()) {
            if (is_ending()) return;
            claim_at_ = clock_.now() + claim_pause;
            if (std::exchange(must_answer_, false)) consumer_.assign({});
            return;
        }
        const std::size_t before = unclaimed_.size();
        while (!unclaimed_.empty() && claim(unclaimed_.front())) unclaimed_.pop_front();
        if (!unclaimed_.empty()) { // one that can't be had must not stand before the others
            std::rotate(unclaimed_.begin(), unclaimed_.begin() + 1, unclaimed_.end());
            claim_at_ = clock_.now() + claim_pause;
        }
        if (unclaimed_.size() < before && !is_ours(group_store_.sign(holdings_.starts()))) return;
        if (must_answer_ || unclaimed_.size() < before) read_all();
        must_answer_ = false;
    }

    /* False: it is another store's, or nobody knows yet. */
    bool check_group()
    {
        if (unclaimed_.empty()) return true; // nothing to read, nothing to mark
        live();
        Writer *writer = idle_writer();
        if (writer == nullptr) return false;
        const Time begun = clock_.now();
        const auto answer = writer->store([this] { return may_wait(); });
        if (const auto *failure = std::get_if<Failure>(&answer)) {
            failed(*failure, begun);
            return false;
        }
        answered();
        const auto whose = group_store_.check(std::get<Store>(answer));
        must_check_group_ = whose != GroupStore::Answer::ours;
        return is_ours(whose) && whose == GroupStore::Answer::ours;
    }

    bool is_ours(GroupStore::Answer whose)
    {
        if (whose == GroupStore::Answer::anothers) end_ = ExitCode::settings;
        return whose != GroupStore::Answer::anothers;
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
    bool claim(const Unclaimed &unclaimed)
    {
        const auto &[partition, start] = unclaimed;
        live();
        auto watermarks = consumer_.watermarks(partition);
        Writer *writer = watermarks ? idle_writer() : nullptr;
        if (writer == nullptr) return false;
        const Time begun = clock_.now();
        const auto answer =
            writer->take(partition, first_offset(*watermarks, start), watermarks->high, [this] { return may_wait(); });
        if (const auto *failure = std::get_if<Failure>(&answer)) {
            failed(*failure, begun);
            return false;
        }
        answered();
        const auto &claim = std::get<Claim>(answer);
        if (gap_at(claim.next_offset, *watermarks)) { // while the claim was waited for, its last owner may have gone on
            watermarks = consumer_.watermarks(partition);
            if (!watermarks) return false;
        }
        holdings_.hold(partition, claim);
        first_offsets_.try_emplace(partition, claim.next_offset);
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

    /* Where a partition starts that the database does not know. One that it knew, and has lost since, must not lose what
     * lies between. */
    std::int64_t first_offset(const Watermarks &watermarks, std::optional<std::int64_t> start) const
    {
        if (options_.first_start == FirstStart::earliest) return watermarks.low;
        return start ? std::max(*start, watermarks.low) : watermarks.high;
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
        if (!may_try()) return;
        const auto stopped = holdings_.stopped();
        watch_at_ = stopped.empty() ? std::nullopt : std::optional(clock_.now() + watch_pause);
        for (const Partition &partition : stopped) {
            Writer *writer = idle_writer();
            const Holding *holding = holdings_.find(partition); // unless it was fenced meanwhile
            if (writer == nullptr || holding == nullptr) return;
            const Time begun = clock_.now();
            const auto answer = writer->gap_accepted(partition, holding->claim, [this] { return may_wait(); });
            if (const auto *failure = std::get_if<Failure>(&answer)) return failed(*failure, begun);
            answered();
            if (!std::get<bool>(answer)) continue;
            observe_(Event::gap_accepted, {{"topic", partition.topic}, {"partition", partition.id}});
            claim_anew(partition, {});
        }
    }

    void claim_anew(const Partition &partition, std::optional<std::int64_t> start)
    {
        holdings_.drop(partition);
        unclaimed_.push_back({partition, start});
        claim_at_ = clock_.now();
    }

    // ---- a database that has gone back ----

    /* What a standby did not have when it was promoted is read again from where it stands. */
    void verify()
    {
        const auto claims = holdings_.at_rest();
        if (claims.empty() || lanes_.idle() == nullptr) return;
        if (!may_try()) return;
        verify_at_ = clock_.now() + verify_pause;
        live();
        const Time begun = clock_.now();
        const auto answer = lanes_.idle()->rewound(
            claims, [this, until = begun + verify_patience] { return may_wait() && clock_.now() < until; });
        if (const auto *failure = std::get_if<Failure>(&answer)) return failed(*failure, begun);
        if (holdings_.is_empty()) health_.answered(clock_.now()); // else it is batches that it has to take
        for (const Partition &partition : std::get<std::vector<Partition>>(answer)) {
            const Holding *holding = holdings_.find(partition);
            observe_(Event::partition_rewound, {{"topic", partition.topic},
                                                {"partition", partition.id},
                                                {"offset", holding->claim.next_offset},
                                                {"records_dropped", holding->records()}});
            claim_anew(partition, first_offsets_.at(partition));
        }
    }

    // ---- writing ----

    /* While the database is sick, any batch will do for a try. */
    bool send_next()
    {
        const Time now = clock_.now();
        auto *entry = health_.is_sick() ? holdings_.any_to_go(now) : holdings_.due(now);
        if (entry == nullptr || lanes_.idle() == nullptr || !may_try()) return false;
        send(*entry);
        return true;
    }

    void send(Holdings::Map::value_type &entry)
    {
        const auto &[partition, holding] = entry;
        lanes_.send({.partition = partition,
                     .claim = holding.claim,
                     .batch = holdings_.depart(entry),
                     .high_watermark = consumer_.last_high_watermark(partition),
                     .begun = clock_.now()});
    }

    /* All that is in hand, each once, and whatever is under way is awaited; what the time does not suffice for is the
     * caller's to give up. */
    void write_all()
    {
        for (;;) {
            receive();
            if (!may_wait()) return;
            auto *entry = is_calm() ? holdings_.any_to_go(clock_.now()) : nullptr;
            if (entry == nullptr && !holdings_.is_under_way()) return;
            if (entry != nullptr && lanes_.idle() != nullptr)
                send(*entry);
            else
                lanes_.wait(clock_.now() + idle_poll);
        }
    }

    void receive()
    {
        while (auto arrival = lanes_.arrival()) arrived(std::move(*arrival));
    }

    /* Of what is not ours any more, nothing matters but what was stored, for the counts, and that another has the
     * partition; when it is ours again, it was our own new claim that refused the batch. */
    void arrived(Arrival arrival)
    {
        Cargo &cargo = arrival.cargo;
        const runtime::Work work = cargo.batch.work(); // ours: the batch may be gone before the end
        const runtime::Tracing tracing(work);
        auto *entry = holdings_.origin(cargo.partition, cargo.claim.epoch);
        if (const auto *failure = std::get_if<Failure>(&arrival.receipt)) {
            if (entry == nullptr) return;
            holdings_.came_back(*entry, std::move(cargo.batch));
            return came_back(*entry, *failure, cargo.begun);
        }
        answered();
        if (const auto *committed = std::get_if<Committed>(&arrival.receipt)) {
            tell_committed(observe_, cargo, *committed, arrival.took, clock_.now());
            if (entry != nullptr) stored(*entry, *committed);
        } else if (entry != nullptr) {
            fenced(cargo, entry->second.records());
        } else if (holdings_.find(cargo.partition) == nullptr) {
            tell_fenced(observe_, cargo, cargo.batch.size());
        }
    }

    void stored(Holdings::Map::value_type &entry, const Committed &committed)
    {
        const auto &[partition, holding] = entry;
        const bool were_short = holding.most_records.has_value();
        const bool must_read_again = holdings_.committed(entry, committed.next_offset);
        const std::int64_t next_offset = holding.claim.next_offset;
        if (must_read_again) consumer_.assign(holdings_.starts());
        if (were_short && !holding.most_records)
            observe_(Event::batches_restored,
                     {{"topic", partition.topic}, {"partition", partition.id}, {"offset", next_offset}});
        consumer_.mark_done(partition, next_offset);
    }

    /* A failure is the database's, until the same batch has had it several times in a row. Then the batch is set aside;
     * while the database is well otherwise, nobody else waits for it. */
    void came_back(Holdings::Map::value_type &entry, const Failure &failure, Time begun)
    {
        auto &holding = entry.second;
        if (!failure.transient || is_outage(failure.sqlstate)) return failed(failure, begun);
        ++holding.failures;
        if (!holding.most_records && holding.failures < options_.tries_before_shorter) return failed(failure, begun);
        set_aside(entry, failure);
        if (is_loss(failure.sqlstate)) failed(failure, begun);
    }

    void set_aside(Holdings::Map::value_type &entry, const Failure &failure)
    {
        const auto &[partition, holding] = entry;
        const std::size_t records = holding.returned->size();
        const bool were_short = holding.most_records.has_value();
        const std::int64_t offset = holding.returned->first_offset();
        if (!holding.is_set_aside()) consumer_.stop(partition);
        /* A shorter one is another batch; the same one has to wait longer and longer. */
        const auto doublings = std::min<std::size_t>(holding.failures, 10);
        const Milliseconds longer = std::min(options_.longest_pause, options_.first_pause * (1 << doublings));
        holdings_.set_aside(entry, clock_.now() + (records > 1 ? options_.first_pause : longer));
        if (records > 1) health_.hurry(clock_.now());

        const auto tell = [&](Event event) {
            observe_(event, {{"topic", entry.first.topic},
                             {"partition", entry.first.id},
                             {"offset", entry.second.returned->first_offset()},
                             {"records", entry.second.returned->size()},
                             {"sqlstate", failure.sqlstate},
                             {"message", failure.message}});
        };
        if (!were_short) tell(Event::batches_shortened);
        if (records > 1 || std::exchange(failing_[partition], offset) == offset) return;
        tell(Event::record_failing);
    }

    void fenced(const Cargo &cargo, std::size_t records)
    {
        tell_fenced(observe_, cargo, records);
        holdings_.drop(cargo.partition);
        progress_.forget();
        if (std::exchange(is_rejoining_, true)) return;
        consumer_.rejoin();
        group_wait_.begin(clock_.now());
    }

    void failed(const Failure &failure, Time begun)
    {
        if (failure.transient) return health_.failed(failure, begun, clock_.now());
        observe_(Event::database_refused,
                 {{"sqlstate", failure.sqlstate}, {"message", failure.message}, {"hint", failure.hint}});
        end_ = ExitCode::fault;
    }

    Consumer &consumer_;
    Lanes &lanes_;
    Clock &clock_;
    std::stop_token stop_;
    runtime::Observer &observe_;
    const RunOptions &options_;

    Holdings holdings_;
    Progress progress_;
    Health health_;
    GroupStore group_store_;
    GroupWait group_wait_;
    std::deque<Unclaimed> unclaimed_; // ours by the group's word, not yet by the database's
    std::map<Partition, std::int64_t, PartitionOrder> first_offsets_; // where each began when we claimed it first
    std::map<Partition, std::optional<std::int64_t>, PartitionOrder> failing_; // the record that was told to be
    Time claim_at_{};                                                          // when to try again
    std::optional<Time> watch_at_;                                             // when to look at the stopped ones again
    Time verify_at_{};                                                         // when to look at all of them again
    bool must_answer_ = false;                                                 // the group waits for assign()
    bool must_check_group_ = false;                                            // whose it is
    bool is_rejoining_ = false;
    std::optional<Time> give_up_at_; // on the database, for others wait for us
    bool is_stopping_ = false;
    std::optional<ExitCode> end_; // why we can't go on
};

} // namespace

ExitCode run(Consumer &consumer, Lanes &lanes, Clock &clock, const std::stop_token &stop, runtime::Observer &observe,
             const RunOptions &options)
{
    return Run(consumer, lanes, clock, stop, observe, options)();
}

} // namespace analytics::ingestor
