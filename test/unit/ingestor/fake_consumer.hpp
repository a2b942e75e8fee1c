/* A consumer and a clock that follow a script, and the journal of what all fakes were asked to do.
 *
 * The consumer hands out what was scripted, one a poll; when that is used up it asks for a stop. Time stands still
 * except where the loop waits or polls in vain. */
#pragma once

#include "../../../ingestor/clock.hpp"
#include "../../../ingestor/consumer.hpp"

#include <algorithm>
#include <deque>
#include <functional>
#include <gtest/gtest.h>
#include <map>
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

inline Record record(const char *topic, std::int32_t partition, std::int64_t offset, std::string_view value = "{}")
{
    return {.partition = {topic, partition}, .offset = offset, .value = value};
}

} // namespace analytics::ingestor::fakes
