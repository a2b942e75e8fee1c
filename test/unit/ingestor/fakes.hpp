/* A consumer, a writer, its lanes and a clock that follow a script and keep a journal of what they were asked to do.
 *
 * The consumer hands out what was scripted, one a poll; when that is used up it asks for a stop. Time stands still
 * except where the loop waits or polls in vain: what is under way on a lane arrives when its time has come, which is at
 * once unless a test says otherwise. */
#pragma once

#include "../../../ingestor/batch.hpp"
#include "../../../ingestor/lanes.hpp"
#include "../../../ingestor/ports.hpp"
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
    FakeConsumer &bring(Delivery delivery)
    {
        script_.push_back({[delivery] { return delivery; }, std::holds_alternative<Record>(delivery)});
        return *this;
    }
    FakeConsumer &then(std::function<void()> action)
    {
        script_.push_back({[action]() -> Delivery {
            action();
            return Nothing{};
        }});
        return *this;
    }
    /** Brings nothing until it has come true; for an hour at most. */
    FakeConsumer &until(std::function<bool()> condition)
    {
        script_.push_back({[this, condition, left = 36'000]() mutable -> Delivery {
            is_waiting_ = !condition() && --left > 0;
            EXPECT_GT(left, 0) << "waited in vain";
            return Nothing{};
        }});
        return *this;
    }

    /** What the next poll brings, before what is scripted. */
    void inject(Delivery delivery) { injected_.push_back(std::move(delivery)); }

    Delivery poll(Milliseconds timeout) override
    {
        ++polls;
        if (!injected_.empty()) {
            const Delivery delivery = injected_.front();
            injected_.pop_front();
            return delivery;
        }
        if (script_.empty()) {
            stop_.request_stop();
            return Nothing{};
        }
        Delivery delivery = Nothing{};
        if (!is_paused_ || !script_.front().is_record) {
            is_waiting_ = false;
            delivery = script_.front().play();
            if (!is_waiting_) script_.pop_front();
        }
        if (const auto *record = std::get_if<Record>(&delivery); record != nullptr && when_brought)
            when_brought(record->value.value_or("").size());
        if (std::holds_alternative<Nothing>(delivery)) clock_.pass(timeout);
        return delivery;
    }

    std::optional<Watermarks> watermarks(const Partition &partition) override
    {
        const auto found = marks.find(text(partition));
        return found == marks.end() ? std::optional(Watermarks{0, 1'000'000}) : found->second;
    }
    std::optional<std::int64_t> last_high_watermark(const Partition &) override { return 77; }

    void assign(std::span<const Start> starts) override
    {
        std::string line = "assign";
        for (const Start &start : starts) line += " " + text(start.partition) + "@" + std::to_string(start.next_offset);
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
    bool commit(std::span<const Start> offsets) override
    {
        for (const Start &start : offsets) {
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
    void sign(const std::string &metadata) override { signature = metadata; }
    std::optional<std::vector<GroupOffset>> group_offsets() override
    {
        ++group_looks;
        if (group_silence-- > 0) return {};
        return group;
    }
    std::optional<OtherMembers> other_members() override { return members; }
    std::optional<std::int64_t> readable_after(const Partition &partition, std::int64_t offset,
                                               std::int64_t broken_offset, std::int64_t end) override
    {
        journal_.push_back("probe " + text(partition) + " from " + std::to_string(offset) + " broken " +
                           std::to_string(broken_offset) + " end " + std::to_string(end));
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
        std::function<Delivery()> play;
        bool is_record = false;
    };

    Journal &journal_;
    FakeClock &clock_;
    std::stop_source &stop_;
    std::deque<Step> script_;
    std::deque<Delivery> injected_;
    bool is_waiting_ = false; // the step at hand is to be repeated
    bool is_paused_ = false;
};

class FakeWriter final : public Writer {
public:
    explicit FakeWriter(Journal &journal) : journal_(journal) {}

    std::variant<Claim, Failure> take(const Partition &partition, std::int64_t first_offset, std::int64_t high,
                                      const Patience &) override
    {
        journal_.push_back("take " + text(partition) + " first " + std::to_string(first_offset) + " high " +
                           std::to_string(high));
        if (while_taking) while_taking();
        if (!take_failures.empty()) {
            const Failure failure = take_failures.front();
            take_failures.pop_front();
            return failure;
        }
        const auto stored = offsets.find(text(partition));
        return Claim{++epoch, stored == offsets.end() ? first_offset : stored->second};
    }

    Receipt commit(const Partition &partition, const Claim &claim, const Batch &batch, std::optional<std::int64_t> high,
                   const Patience &) override
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

    std::variant<std::vector<Partition>, Failure> rewound(std::span<const Claimed> claims, const Patience &) override
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

    std::variant<Store, Failure> store(const Patience &) override
    {
        if (store_failures.empty()) return ours;
        const Failure failure = store_failures.front();
        store_failures.pop_front();
        return failure;
    }

    std::variant<bool, Failure> gap_accepted(const Partition &partition, const Claim &claim, const Patience &) override
    {
        journal_.push_back("watch " + text(partition) + " since " + std::to_string(claim.epoch));
        if (watch_failures.empty()) return accepted.contains(text(partition));
        const Failure failure = watch_failures.front();
        watch_failures.pop_front();
        return failure;
    }

    std::function<void()> while_taking;
    std::map<std::string, std::int64_t> offsets; // of partitions that were read before
    std::set<std::string> accepted;              // partitions whose gap the operator has accepted
    std::deque<Failure> watch_failures;          // for the next looks at that
    std::set<std::string> lost;                  // partitions that the database has no longer as they were claimed
    std::deque<Failure> verify_failures;         // for the next looks at that
    int verifications = 0;
    Store ours{"id-1", "system-1", "5", "app"};
    std::deque<Failure> store_failures; // for the next questions which store it is
    std::function<std::optional<Receipt>(const Partition &, const Batch &)> judge; // of batches; nothing: see receipts
    std::deque<Failure> take_failures;                                             // for the next takes
    std::deque<Receipt> receipts; // for the next commits; then everything is stored
    std::int64_t epoch = 0;
    std::optional<std::int64_t> last_high;

private:
    Journal &journal_;
};

/** Lanes of one writer. */
class FakeLanes final : public Lanes {
public:
    FakeLanes(FakeWriter &writer, FakeClock &clock) : writer_(writer), clock_(clock) {}

    Writer *idle() override { return at_work() < width ? &writer_ : nullptr; }
    void send(Cargo cargo) override
    {
        ASSERT_LT(at_work(), width) << "there is no idle lane";
        for (const UnderWay &other : under_way_)
            ASSERT_FALSE(text(other.arrival.cargo.partition) == text(cargo.partition) &&
                         other.arrival.cargo.claim.epoch == cargo.claim.epoch)
                << "it overtakes the last one";
        Receipt receipt = writer_.commit(cargo.partition, cargo.claim, cargo.batch, cargo.high_watermark, {});
        under_way_.push_back(
            {.arrival = {std::move(cargo), std::move(receipt), takes}, .arrives_at = clock_.now() + takes});
        if (when_sent) when_sent();
    }
    std::optional<Arrival> arrival() override
    {
        const auto there =
            std::ranges::find_if(under_way_, [this](const UnderWay &one) { return one.arrives_at <= clock_.now(); });
        if (there == under_way_.end()) return {};
        Arrival arrival = std::move(there->arrival);
        under_way_.erase(there);
        bytes_arrived += arrival.cargo.batch.bytes();
        return arrival;
    }
    void wait(Time until) override
    {
        ++waits;
        for (const UnderWay &one : under_way_) until = std::min(until, one.arrives_at);
        clock_.wait(until, {});
    }
    void give_up() override
    {
        for (UnderWay &one : under_way_) {
            if (one.arrives_at <= clock_.now() || std::exchange(one.is_given_up, true)) continue;
            one.arrives_at = clock_.now() + gives_up_after;
            one.arrival.receipt = when_given_up;
            ++given_up;
        }
    }
    bool is_alive() override { return alive; }

    std::size_t width = 1;
    Milliseconds takes{0}; // how long the next ones are under way
    Milliseconds gives_up_after{0};
    Receipt when_given_up = Failure{true, "08006", "no answer from the server before the wait was given up", ""};
    std::function<void()> when_sent;
    bool alive = true;
    int waits = 0;
    int given_up = 0;
    std::size_t bytes_arrived = 0;

private:
    struct UnderWay {
        Arrival arrival;
        Time arrives_at;
        bool is_given_up = false;
    };

    std::size_t at_work() const
    {
        return static_cast<std::size_t>(
            std::ranges::count_if(under_way_, [this](const UnderWay &one) { return one.arrives_at > clock_.now(); }));
    }

    FakeWriter &writer_;
    FakeClock &clock_;
    std::deque<UnderWay> under_way_;
};

/** Counts events, and remembers the fields of the last of each kind as text. */
class Recorder final : public runtime::Observer {
public:
    void observe(runtime::Event event, std::span<const runtime::Field> fields) override
    {
        ++counts[event];
        auto &last = fields_[event];
        last.clear();
        for (const auto &[name, value] : fields) {
            if (const auto *number = std::get_if<std::int64_t>(&value))
                last[std::string(name)] = std::to_string(*number);
            else if (const auto *flag = std::get_if<bool>(&value))
                last[std::string(name)] = *flag ? "true" : "false";
            else if (const auto *json = std::get_if<runtime::Json>(&value))
                last[std::string(name)] = "json " + std::string(json->text);
            else if (const auto *words = std::get_if<std::string_view>(&value))
                last[std::string(name)] = *words;
        }
    }

    std::string field(runtime::Event event, const std::string &name) { return fields_[event][name]; }

    void alive() override { ++beats; }

    std::map<runtime::Event, int> counts;
    int beats = 0;

private:
    std::map<runtime::Event, std::map<std::string, std::string>> fields_;
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
