/* A consumer, a writer and a clock that follow a script and keep a journal of what they were asked to do.
 *
 * The consumer hands out what was scripted, one a poll; when that is used up it asks for a stop. Time stands still
 * except where the loop waits or polls in vain. */
#pragma once

#include "../../../ingestor/batch.hpp"
#include "../../../ingestor/ports.hpp"
#include "../../../runtime/observe.hpp"

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
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

    /** What the next polls bring; a function is called first, e.g. to let time pass. */
    FakeConsumer &bring(Delivery delivery)
    {
        script_.push_back([delivery] { return delivery; });
        return *this;
    }
    FakeConsumer &then(std::function<void()> action)
    {
        script_.push_back([action]() -> Delivery {
            action();
            return Nothing{};
        });
        return *this;
    }

    Delivery poll(Milliseconds timeout) override
    {
        ++polls;
        if (script_.empty()) {
            stop_.request_stop();
            return Nothing{};
        }
        const auto step = script_.front();
        script_.pop_front();
        Delivery delivery = step();
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
    }
    void unassign() override { journal_.push_back("unassign"); }
    void stop(const Partition &partition) override { journal_.push_back("stop " + text(partition)); }
    void pause() override { journal_.push_back("pause"); }
    void resume() override { journal_.push_back("resume"); }
    void mark_done(const Partition &partition, std::int64_t next_offset) override
    {
        journal_.push_back("done " + text(partition) + "@" + std::to_string(next_offset));
    }
    void rejoin() override { journal_.push_back("rejoin"); }
    void close() override { journal_.push_back("close"); }

    std::map<std::string, std::optional<Watermarks>> marks; // else 0 and 1,000,000
    int polls = 0;

private:
    Journal &journal_;
    FakeClock &clock_;
    std::stop_source &stop_;
    std::deque<std::function<Delivery()>> script_;
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
                   const Patience &may_wait) override
    {
        journal_.push_back("commit " + text(partition) + " [" + std::to_string(claim.next_offset) + "," +
                           std::to_string(batch.next_offset()) + ") " + std::to_string(batch.size()) + " records");
        last_high = high;
        if (hang) return hang(may_wait);
        if (!receipts.empty()) {
            const Receipt receipt = receipts.front();
            receipts.pop_front();
            return receipt;
        }
        return Committed{.stored = static_cast<std::int64_t>(batch.size()), .refusals = {}};
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
    std::map<std::string, std::int64_t> offsets;   // of partitions that were read before
    std::set<std::string> accepted;                // partitions whose gap the operator has accepted
    std::deque<Failure> watch_failures;            // for the next looks at that
    std::deque<Failure> take_failures;             // for the next takes
    std::deque<Receipt> receipts;                  // for the next commits; then everything is stored
    std::function<Receipt(const Patience &)> hang; // what commits do instead of answering
    std::int64_t epoch = 0;
    std::optional<std::int64_t> last_high;

private:
    Journal &journal_;
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

inline const Failure sick{true, "57P01", "terminating connection due to administrator command", ""};
inline const Failure refused{false, "42501", "permission denied for function analytics_ingest_kafka", ""};

} // namespace analytics::ingestor::fakes
