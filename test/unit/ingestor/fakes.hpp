/* A consumer, a writer, its workers and a clock that follow a script and keep a journal of what they were asked to do.
 *
 * The consumer hands out what was scripted, one a poll; when that is used up it asks for a stop. Time stands still
 * except where the loop waits or polls in vain: a batch in flight completes when its time has come, which is at once
 * unless a test says otherwise. */
#pragma once

#include "../../../ingestor/batch.hpp"
#include "../../../ingestor/clock.hpp"
#include "../../../ingestor/consumer.hpp"
#include "../../../ingestor/writer_workers.hpp"
#include "../../../runtime/observe.hpp"

#include <algorithm>
#include <deque>
#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace analytics::ingestor::fakes {

using Journal = std::vector<std::string>;

inline std::string text(const Partition &partition)
{
    return partition.topic + "/" + std::to_string(partition.id);
}

class FakeClock final : public Clock {
public:
    Time now() override { return now_; }
    void wait(Time until, const std::stop_token &) override { now_ = std::max(now_, until); }
    void pass(Milliseconds time) { now_ += time; }

private:
    Time now_{};
};

class FakeConsumer final : public Consumer {
public:
    FakeConsumer(Journal &journal, FakeClock &clock, std::stop_source &stop)
        : journal_(journal), clock_(clock), stop_(stop)
    {
    }

    /** What the next polls bring; a function is called first, e.g. to let time pass. While it is paused, no record. */
    FakeConsumer &bring(PollResult result)
    {
        script_.push_back({[result] { return result; }, std::holds_alternative<Record>(result)});
        return *this;
    }
    FakeConsumer &then(std::function<void()> action)
    {
        script_.push_back({[action]() -> PollResult {
            action();
            return Nothing{};
        }});
        return *this;
    }
    /** Brings nothing until it has come true; for an hour at most. */
    FakeConsumer &until(std::function<bool()> condition)
    {
        script_.push_back({[this, condition, left = 36'000]() mutable -> PollResult {
            is_waiting_ = !condition() && --left > 0;
            EXPECT_GT(left, 0) << "waited in vain";
            return Nothing{};
        }});
        return *this;
    }

    /** What the next poll brings, before what is scripted. */
    void inject(PollResult result) { injected_.push_back(std::move(result)); }

    PollResult poll(Milliseconds timeout) override
    {
        ++polls;
        if (!injected_.empty()) {
            const PollResult result = injected_.front();
            injected_.pop_front();
            return result;
        }
        if (script_.empty()) {
            stop_.request_stop();
            return Nothing{};
        }
        PollResult result = Nothing{};
        if (!is_paused_ || !script_.front().is_record) {
            is_waiting_ = false;
            result = script_.front().play();
            if (!is_waiting_) script_.pop_front();
        }
        if (const auto *record = std::get_if<Record>(&result); record != nullptr && when_brought)
            when_brought(record->value.value_or("").size());
        if (std::holds_alternative<Nothing>(result)) clock_.pass(timeout);
        return result;
    }

    std::optional<Watermarks> watermarks(const Partition &partition) override
    {
        const auto found = marks.find(text(partition));
        return found == marks.end() ? std::optional(Watermarks{0, 1'000'000}) : found->second;
    }
    std::optional<std::int64_t> last_high_watermark(const Partition &) override { return 77; }

    void assign(std::span<const StartOffset> starts) override
    {
        std::string line = "assign";
        for (const StartOffset &start : starts)
            line += " " + text(start.partition) + "@" + std::to_string(start.next_offset);
        journal_.push_back(line);
        is_paused_ = false;
        injected_.clear(); // what was fetched before is gone
    }
    void unassign() override
    {
        journal_.push_back("unassign");
        is_paused_ = false;
    }
    void stop(const Partition &partition) override { journal_.push_back("stop " + text(partition)); }
    void pause() override
    {
        journal_.push_back("pause");
        is_paused_ = true;
    }
    void resume() override
    {
        journal_.push_back("resume");
        is_paused_ = false;
    }
    void mark_done(const Partition &partition, std::int64_t next_offset) override
    {
        journal_.push_back("done " + text(partition) + "@" + std::to_string(next_offset));
    }
    bool commit(std::span<const StartOffset> offsets) override
    {
        for (const StartOffset &start : offsets) {
            const auto found = std::ranges::find_if(
                group, [&](const GroupOffset &offset) { return text(offset.partition) == text(start.partition); });
            if (found != group.end())
                *found = {start.partition, start.next_offset, signature};
            else
                group.push_back({start.partition, start.next_offset, signature});
        }
        if (when_committed) when_committed();
        return commits;
    }
    void set_offset_metadata(const std::string &metadata) override { signature = metadata; }
    std::optional<std::vector<GroupOffset>> group_offsets() override
    {
        ++group_looks;
        if (group_silence-- > 0) return {};
        return group;
    }
    std::optional<OtherMembers> other_members() override { return members; }
    std::optional<std::int64_t> readable_after(const Partition &partition, std::int64_t offset,
                                               std::int64_t error_offset, std::int64_t end) override
    {
        journal_.push_back("probe " + text(partition) + " from " + std::to_string(offset) + " error " +
                           std::to_string(error_offset) + " end " + std::to_string(end));
        return readable;
    }
    void rejoin() override { journal_.push_back("rejoin"); }
    void close() override { journal_.push_back("close"); }

    std::map<std::string, std::optional<Watermarks>> marks; // else 0 and 1,000,000
    std::optional<std::int64_t> readable;                   // behind what is broken
    std::vector<GroupOffset> group;                         // what Kafka has for it
    std::string signature;                                  // of what is committed
    std::optional<OtherMembers> members;                    // others in the group
    bool commits = true;                                    // whether Kafka takes offsets
    int group_silence = 0;                                  // so often nobody answers
    int group_looks = 0;
    std::function<void()> when_committed;
    int polls = 0;
    std::function<void(std::size_t)> when_brought; // a record of so many bytes

private:
    struct Step {
        std::function<PollResult()> play;
        bool is_record = false;
    };

    Journal &journal_;
    FakeClock &clock_;
    std::stop_source &stop_;
    std::deque<Step> script_;
    std::deque<PollResult> injected_;
    bool is_waiting_ = false; // the step at hand is to be repeated
    bool is_paused_ = false;
};

class FakeWriter final : public Writer {
public:
    explicit FakeWriter(Journal &journal) : journal_(journal) {}

    std::variant<Claim, Failure> claim(const Partition &partition, std::int64_t first_offset, std::int64_t high,
                                       const KeepWaiting &) override
    {
        journal_.push_back("claim " + text(partition) + " first " + std::to_string(first_offset) + " high " +
                           std::to_string(high));
        if (while_claiming) while_claiming();
        if (!claim_failures.empty()) {
            const Failure failure = claim_failures.front();
            claim_failures.pop_front();
            return failure;
        }
        const auto stored = offsets.find(text(partition));
        return Claim{++epoch, stored == offsets.end() ? first_offset : stored->second};
    }

    Receipt commit(const Partition &partition, const Claim &claim, const Batch &batch, std::optional<std::int64_t> high,
                   const KeepWaiting &) override
    {
        journal_.push_back("commit " + text(partition) + " [" + std::to_string(claim.next_offset) + "," +
                           std::to_string(batch.next_offset()) + ") " + std::to_string(batch.size()) + " records");
        last_high = high;
        if (judge)
            if (const auto receipt = judge(partition, batch)) return *receipt;
        if (!receipts.empty()) {
            const Receipt receipt = receipts.front();
            receipts.pop_front();
            return receipt;
        }
        return Committed{.stored = static_cast<std::int64_t>(batch.size()), .refusals = {}};
    }

    std::variant<std::vector<Partition>, Failure> rewound(std::span<const ClaimedPartition> claims,
                                                          const KeepWaiting &) override
    {
        ++verifications;
        if (!verify_failures.empty()) {
            const Failure failure = verify_failures.front();
            verify_failures.pop_front();
            return failure;
        }
        std::vector<Partition> found;
        for (const auto &[partition, claim] : claims)
            if (lost.erase(text(partition)) > 0) found.push_back(partition);
        return found;
    }

    std::variant<Store, Failure> store(const KeepWaiting &) override
    {
        if (store_failures.empty()) return ours;
        const Failure failure = store_failures.front();
        store_failures.pop_front();
        return failure;
    }

    std::variant<bool, Failure> gap_accepted(const Partition &partition, const Claim &claim,
                                             const KeepWaiting &) override
    {
        journal_.push_back("check gap " + text(partition) + " since " + std::to_string(claim.epoch));
        if (gap_failures.empty()) return accepted.contains(text(partition));
        const Failure failure = gap_failures.front();
        gap_failures.pop_front();
        return failure;
    }

    std::function<void()> while_claiming;
    std::map<std::string, std::int64_t> offsets; // of partitions that were read before
    std::set<std::string> accepted;              // partitions whose gap the operator has accepted
    std::deque<Failure> gap_failures;            // for the next looks at that
    std::set<std::string> lost;                  // partitions that the database has no longer as they were claimed
    std::deque<Failure> verify_failures;         // for the next looks at that
    int verifications = 0;
    Store ours{"id-1", "system-1", "5", "app"};
    std::deque<Failure> store_failures; // for the next questions which store it is
    std::function<std::optional<Receipt>(const Partition &, const Batch &)> judge; // of batches; nothing: see receipts
    std::deque<Failure> claim_failures;                                            // for the next takes
    std::deque<Receipt> receipts; // for the next commits; then everything is stored
    std::int64_t epoch = 0;
    std::optional<std::int64_t> last_high;

private:
    Journal &journal_;
};

/** Workers with one writer. */
class FakeWorkers final : public WriterWorkers {
public:
    FakeWorkers(FakeWriter &writer, FakeClock &clock) : writer_(writer), clock_(clock) {}

    Writer *idle_writer() override { return busy() < width ? &writer_ : nullptr; }
    void submit(InFlightBatch submitted) override
    {
        ASSERT_LT(busy(), width) << "there is no idle worker";
        for (const InFlight &other : in_flight_)
            ASSERT_FALSE(text(other.completion.submitted.partition) == text(submitted.partition) &&
                         other.completion.submitted.claim.epoch == submitted.claim.epoch)
                << "it overtakes the last one";
        Receipt receipt =
            writer_.commit(submitted.partition, submitted.claim, submitted.batch, submitted.high_watermark, {});
        in_flight_.push_back(
            {.completion = {std::move(submitted), std::move(receipt), takes}, .completes_at = clock_.now() + takes});
        if (when_submitted) when_submitted();
    }
    std::optional<Completion> next_completion() override
    {
        const auto there =
            std::ranges::find_if(in_flight_, [this](const InFlight &one) { return one.completes_at <= clock_.now(); });
        if (there == in_flight_.end()) return {};
        Completion completion = std::move(there->completion);
        in_flight_.erase(there);
        bytes_completed += completion.submitted.batch.bytes();
        return completion;
    }
    void wait(Time until) override
    {
        ++waits;
        for (const InFlight &one : in_flight_) until = std::min(until, one.completes_at);
        clock_.wait(until, {});
    }
    void abandon() override
    {
        for (InFlight &one : in_flight_) {
            if (one.completes_at <= clock_.now() || std::exchange(one.is_abandoned, true)) continue;
            one.completes_at = clock_.now() + abandons_after;
            one.completion.receipt = when_abandoned;
            ++abandoned;
        }
    }
    bool is_alive() override { return alive; }

    std::size_t width = 1;
    Milliseconds takes{0}; // how long the next ones are in flight
    Milliseconds abandons_after{0};
    Receipt when_abandoned = Failure{true, "08006", "no answer from the server before the wait was given up", ""};
    std::function<void()> when_submitted;
    bool alive = true;
    int waits = 0;
    int abandoned = 0;
    std::size_t bytes_completed = 0;

private:
    struct InFlight {
        Completion completion;
        Time completes_at;
        bool is_abandoned = false;
    };

    std::size_t busy() const
    {
        return static_cast<std::size_t>(
            std::ranges::count_if(in_flight_, [this](const InFlight &one) { return one.completes_at > clock_.now(); }));
    }

    FakeWriter &writer_;
    FakeClock &clock_;
    std::deque<InFlight> in_flight_;
};

/** Counts events by type, and remembers the fields of the last of each type as text. */
class Recorder final : public runtime::Observer {
public:
    void observe(const runtime::Event &event) override
    {
        Seen &seen = seen_[event.index()];
        ++seen.count;
        seen.fields.clear();
        for (const auto &[name, value] : runtime::fields_of(event)) {
            if (const auto *number = std::get_if<std::int64_t>(&value))
                seen.fields[std::string(name)] = std::to_string(*number);
            else if (const auto *flag = std::get_if<bool>(&value))
                seen.fields[std::string(name)] = *flag ? "true" : "false";
            else if (const auto *json = std::get_if<runtime::Json>(&value))
                seen.fields[std::string(name)] = "json " + std::string(json->text);
            else if (const auto *words = std::get_if<std::string_view>(&value))
                seen.fields[std::string(name)] = *words;
        }
    }

    template <class Event> int count() { return seen_[runtime::Event(Event{}).index()].count; }
    template <class Event> std::string field(const std::string &name)
    {
        return seen_[runtime::Event(Event{}).index()].fields[name];
    }

    void alive() override { ++beats; }

    int beats = 0;

private:
    struct Seen {
        int count = 0;
        std::map<std::string, std::string> fields;
    };
    std::map<std::size_t, Seen> seen_;
};

inline Record record(const char *topic, std::int32_t partition, std::int64_t offset, std::string_view value = "{}")
{
    return {.partition = {topic, partition}, .offset = offset, .value = value};
}

/* The database is away. */
inline const Failure sick{true, "08001", "connection refused", ""};
/* It is there, and does not take this batch, for now. */
inline const Failure exhausted{true, "53200", "out of shared memory", ""};
inline const Failure refused{false, "42501", "permission denied for function analytics_ingest_kafka", ""};

} // namespace analytics::ingestor::fakes
