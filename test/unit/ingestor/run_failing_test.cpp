/* The loop and a batch that fails again and again although the database is there. */
#include "run_fixture.hpp"

#include <gmock/gmock.h>

namespace analytics::ingestor {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Not;

class FailingTest : public RunTest {
protected:
    FailingTest() { options.limits = {.records = 8, .bytes = 1'000, .age = Milliseconds(2'000)}; }

    /* A batch of t/0 that holds this offset can't be stored, for now. */
    void poison(std::int64_t offset)
    {
        writer.judge = [this, offset](const Partition &partition, const Batch &batch) -> std::optional<Receipt> {
            const bool holds_it = batch.first_offset() <= offset && offset < batch.next_offset();
            if (partition.id != 0 || !holds_it || is_cured) return {};
            ++failures;
            return exhausted;
        };
    }
    /* What Kafka brings of t/0 wherever it is assigned to begin, up to this offset; of t/1 something now and then. */
    void flow(std::int64_t end, std::function<bool()> is_over)
    {
        consumer.until([this, end, is_over] {
            if (journal.size() != read_) {
                for (; read_ < journal.size(); ++read_)
                    if (const auto at = journal[read_].find(" t/0@"); journal[read_].starts_with("assign"))
                        next_ = at == std::string::npos ? end : std::stoll(journal[read_].substr(at + 5));
            }
            if (next_ < end) consumer.inject(record("t", 0, next_++));
            return is_over();
        });
    }
    bool has_stored(const std::string &partition, std::int64_t offset) const
    {
        return std::ranges::find(journal, "done " + partition + "@" + std::to_string(offset)) != journal.end();
    }

    bool is_cured = false;
    int failures = 0;
    std::size_t read_ = 0;
    std::int64_t next_ = 0;
    Time started_{};
};

TEST_F(FailingTest, IsStillShownAsOwnedWhileItsBatchWaits)
{
    given_assigned();
    poison(5);
    flow(16, [this] { return seen.count<event::RecordFailing>() > 0; });
    consumer.then([this] { writer.shown.clear(); });
    flow(16, [this] { return !writer.shown.empty(); });
    consumer.then([this] {
        EXPECT_THAT(writer.shown, Contains("t/0"));
        EXPECT_FALSE(has_stored("t/0", 16));
    });
    go();
}

TEST_F(FailingTest, IsTriedShorterDownToTheOneRecordAndAllBeforeItIsStored)
{
    given_assigned();
    poison(5);
    flow(16, [this] { return seen.count<event::RecordFailing>() > 0; });
    consumer.then([this] { EXPECT_TRUE(has_stored("t/0", 5)); });
    go();
    EXPECT_GE(seen.count<event::BatchesShortened>(), 1);
    EXPECT_EQ(seen.count<event::RecordFailing>(), 1);
    EXPECT_EQ(seen.field<event::RecordFailing>("offset"), "5");
    EXPECT_EQ(seen.field<event::RecordFailing>("sqlstate"), "53200");
    EXPECT_LT(failures, 12);
}

TEST_F(FailingTest, OthersDoNotWaitForIt)
{
    given_assigned({{"t", 0}, {"t", 1}});
    poison(0);
    bring_records(0, 8);
    consumer.until([this] { return seen.count<event::RecordFailing>() > 0; });
    consumer.then([this] { started_ = clock.now(); });
    for (std::int64_t offset = 0; offset < 100; ++offset) consumer.bring(record("t", 1, offset));
    consumer.until([this] { return has_stored("t/1", 100); });
    consumer.then([this] { EXPECT_LT(clock.now() - started_, Milliseconds(10'000)); });
    go();
    EXPECT_THAT(journal, Not(Contains("pause")));
}

TEST_F(FailingTest, PartitionsTakeTurnsWhileTheDatabaseIsSick)
{
    given_assigned({{"t", 0}, {"t", 1}});
    poison(0);
    options.tries_before_shorter = 1'000;
    bring_records(0, 2);
    consumer.bring(record("t", 1, 0));
    consumer.until([this] { return has_stored("t/1", 1); });
    go();
    EXPECT_THAT(std::vector(journal.begin(), journal.begin() + 3),
                ElementsAre("commit t/0 [0,2) 2 records", "commit t/1 [0,1) 1 records", "done t/1@1"));
}

TEST_F(FailingTest, OnceItIsCuredBatchesGrowAgain)
{
    given_assigned();
    poison(0);
    flow(40, [this] {
        if (seen.count<event::RecordFailing>() > 0) is_cured = true;
        return has_stored("t/0", 40);
    });
    go();
    EXPECT_EQ(seen.count<event::BatchesRestored>(), 1);
    EXPECT_THAT(journal, Contains(testing::HasSubstr(" 8 records")));
}

TEST_F(FailingTest, ItsOwnFailuresAreToldOnceAndDoNotMakeTheDatabaseSick)
{
    given_assigned({{"t", 0}, {"t", 1}});
    poison(0);
    bring_records(0, 8);
    consumer.until([this] { return seen.count<event::RecordFailing>() > 0; });
    consumer.bring(record("t", 1, 0));
    consumer.until([this] { return has_stored("t/1", 1) && failures > 12; });
    go();
    EXPECT_EQ(seen.count<event::RecordFailing>(), 1);
    EXPECT_EQ(seen.count<event::DatabaseUnavailable>(), 1);
    EXPECT_EQ(seen.count<event::DatabaseRecovered>(), 1);
}

TEST_F(FailingTest, AnOutageShortensNothing)
{
    given_assigned();
    writer.receipts.assign(20, sick);
    bring_records(0, 8);
    consumer.until([this] { return has_stored("t/0", 8); });
    go();
    EXPECT_EQ(seen.count<event::BatchesShortened>(), 0);
    EXPECT_THAT(journal, Contains("commit t/0 [0,8) 8 records"));
}

TEST_F(FailingTest, AnEarlierAttemptThatWentFurtherIsBelieved)
{
    given_assigned();
    writer.receipts = {exhausted, exhausted, exhausted,
                       Committed{.refusals = {}, .counts_known = false, .next_offset = 8}};
    bring_records(0, 8);
    consumer.until([this] { return has_stored("t/0", 8); });
    go();
    EXPECT_THAT(journal, Contains("assign t/0@8"));
}

} // namespace
} // namespace analytics::ingestor
