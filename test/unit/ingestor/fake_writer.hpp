/* A writer and its workers that follow a script and keep a journal. A batch in flight completes when its time has come,
 * which is at once unless a test says otherwise. */
#pragma once

#include "../../../ingestor/batch.hpp"
#include "../../../ingestor/writer_workers.hpp"
#include "fake_consumer.hpp"

#include <set>
#include <utility>

namespace analytics::ingestor::fakes {

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
        for (const auto &[partition, claim, is_settled] : claims) {
            shown.insert(text(partition));
            if (is_settled && lost.erase(text(partition)) > 0) found.push_back(partition);
        }
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
    std::set<std::string> shown;                 // partitions that were shown as owned since it was cleared
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

/* The database is away. */
inline const Failure sick{true, "08001", "connection refused", ""};
/* It is there, and does not take this batch, for now. */
inline const Failure exhausted{true, "53200", "out of shared memory", ""};
inline const Failure refused{false, "42501", "permission denied for function analytics_ingest_kafka", ""};

} // namespace analytics::ingestor::fakes
