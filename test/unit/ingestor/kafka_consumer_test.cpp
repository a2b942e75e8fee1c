/* KafkaConsumer against librdkafka's mock cluster. */
#include "../../../ingestor/kafka_consumer.hpp"
#include "../../../ingestor/kafka_setting_faults.hpp"
#include "recorder.hpp"

#include <gtest/gtest.h>
#include <librdkafka/rdkafka_mock.h>

namespace analytics::ingestor {
namespace {

constexpr Milliseconds patience{20'000};
constexpr std::size_t mock_partitions = 4;

/* Has the topic that the ingestor reads by default: newer libraries' mock makes none for a consumer. */
class MockCluster {
public:
    MockCluster()
    {
        rd_kafka_mock_topic_create(cluster_.get(), "analytics.events", static_cast<int>(mock_partitions), 1);
    }

    [[nodiscard]] std::string bootstrap_servers() const { return rd_kafka_mock_cluster_bootstraps(cluster_.get()); }

private:
    template <auto end> struct End {
        template <class Handle> void operator()(Handle *handle) const { end(handle); }
    };

    // Its threads are those of a client that does nothing else.
    std::unique_ptr<rd_kafka_t, End<rd_kafka_destroy>> client_{
        rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), nullptr, 0)};
    std::unique_ptr<rd_kafka_mock_cluster_t, End<rd_kafka_mock_cluster_destroy>> cluster_{
        rd_kafka_mock_cluster_new(client_.get(), 1)};
};

class ConsumerTest : public testing::Test {
protected:
    /* Polls until such a thing comes. */
    template <class Wanted> std::optional<Wanted> await()
    {
        const auto deadline = std::chrono::steady_clock::now() + patience;
        while (std::chrono::steady_clock::now() < deadline) {
            const PollResult delivery = consumer.poll(Milliseconds(100));
            if (const auto *wanted = std::get_if<Wanted>(&delivery)) return *wanted;
        }
        ADD_FAILURE() << "nothing of the kind came";
        return {};
    }

    std::vector<StartOffset> starts_of(const Assigned &assigned)
    {
        std::vector<StartOffset> starts;
        for (const Partition &partition : assigned.partitions) starts.push_back({partition, 0});
        return starts;
    }

    fakes::Recorder seen;
    MockCluster cluster;
    runtime::Settings settings{runtime::Daemon::ingestor,
                               {{"ANALYTICS_KAFKA_BOOTSTRAP_SERVERS", cluster.bootstrap_servers()}}};
    KafkaConsumer consumer{settings, seen};
};

TEST_F(ConsumerTest, AnswersWithoutJoining)
{
    EXPECT_EQ(consumer.reachability_fault(patience), "");
}

TEST_F(ConsumerTest, APollThatIsWokenDoesNotWait)
{
    const auto deadline = std::chrono::steady_clock::now() + patience;
    consumer.wake();
    EXPECT_TRUE(std::holds_alternative<Nothing>(consumer.poll(patience)));
    EXPECT_LT(std::chrono::steady_clock::now(), deadline);
}

TEST_F(ConsumerTest, WhoWakesItMayOutliveItsMembership)
{
    consumer.subscribe();
    ASSERT_TRUE(await<Assigned>());
    consumer.close();
    consumer.wake();
    EXPECT_EQ(seen.count<event::KafkaNotice>(), 0);
}

TEST_F(ConsumerTest, JoinsReadsToTheEndAndLeaves)
{
    consumer.subscribe();
    const auto assigned = await<Assigned>();
    ASSERT_TRUE(assigned);
    ASSERT_EQ(assigned->partitions.size(), mock_partitions);
    const auto marks = consumer.watermarks(assigned->partitions.front());
    ASSERT_TRUE(marks);
    EXPECT_EQ(marks->low, 0);
    EXPECT_EQ(marks->high, 0);

    consumer.assign(starts_of(*assigned));
    const auto end = await<EndOfPartition>();
    ASSERT_TRUE(end);
    EXPECT_EQ(end->offset, 0);
    consumer.mark_done(assigned->partitions.front(), 0);

    const auto begun = std::chrono::steady_clock::now();
    consumer.close();
    EXPECT_LT(std::chrono::steady_clock::now() - begun, patience);
}

TEST_F(ConsumerTest, AnEmptyAnswerCanBeFilledLater)
{
    consumer.subscribe();
    const auto assigned = await<Assigned>();
    ASSERT_TRUE(assigned);
    consumer.assign({});
    consumer.assign(starts_of(*assigned));
    EXPECT_TRUE(await<EndOfPartition>());
    consumer.close();
}

TEST_F(ConsumerTest, AnOffsetThatKafkaLacksBreaksThePartition)
{
    consumer.subscribe();
    const auto assigned = await<Assigned>();
    ASSERT_TRUE(assigned);
    const StartOffset start{assigned->partitions.front(), 1'000};
    consumer.assign({&start, 1});
    const auto unreadable = await<UnreadablePartition>();
    ASSERT_TRUE(unreadable);
    EXPECT_EQ(unreadable->partition.id, start.partition.id);
    EXPECT_EQ(unreadable->offset, 1'000);
    consumer.close();
}

TEST_F(ConsumerTest, RejoiningRevokesFirst)
{
    consumer.subscribe();
    const auto assigned = await<Assigned>();
    ASSERT_TRUE(assigned);
    consumer.assign(starts_of(*assigned));
    consumer.rejoin();
    const auto revoked = await<Revoked>();
    ASSERT_TRUE(revoked);
    EXPECT_FALSE(revoked->lost);
    consumer.unassign(); // the mock cluster has no place for a member that comes back
    consumer.close();
}

TEST_F(ConsumerTest, PausesAndResumes)
{
    consumer.subscribe();
    const auto assigned = await<Assigned>();
    ASSERT_TRUE(assigned);
    consumer.assign(starts_of(*assigned));
    consumer.pause();
    consumer.resume();
    EXPECT_TRUE(await<EndOfPartition>());
    consumer.close();
}

TEST_F(ConsumerTest, KafkaTakesSignedOffsetsAndAnswersWhatTheGroupHas)
{
    consumer.set_offset_metadata("a mark");
    consumer.subscribe();
    const auto assigned = await<Assigned>();
    ASSERT_TRUE(assigned);
    EXPECT_TRUE(consumer.commit(starts_of(*assigned)));
    EXPECT_TRUE(consumer.group_offsets()); // the mock cluster lists none
    consumer.assign({});
    consumer.close();
}

TEST(ConsumerReachabilityTest, SaysWhenNobodyAnswers)
{
    fakes::Recorder seen;
    const runtime::Settings settings(runtime::Daemon::ingestor, {{"ANALYTICS_KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1"}});
    KafkaConsumer consumer(settings, seen);
    EXPECT_NE(consumer.reachability_fault(Milliseconds(500)), "");
}

TEST(KafkaPropertyFaultTest, KnowsLibrdkafkasProperties)
{
    EXPECT_EQ(kafka_property_fault({"fetch.min.bytes", "7"}), "");
    EXPECT_NE(kafka_property_fault({"fetch.min.bytes", "many"}), "");
    EXPECT_NE(kafka_property_fault({"no.such.property", "7"}), "");
}

} // namespace
} // namespace analytics::ingestor
