/* FetchWaker against librdkafka's mock cluster: what is asked of the broker, and after how much. That being asked wakes
 * librdkafka's thread is what figure B of the benchmark shows. */
#include "../../../ingestor/fetch_waker.hpp"

#include "../../../ingestor/kafka_conf.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <gtest/gtest.h>
#include <librdkafka/rdkafka_mock.h>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace analytics::ingestor {
namespace {

constexpr std::chrono::seconds patience{20};
constexpr int patience_ms = 20'000;
constexpr const char *topic = "t";

using Message = std::unique_ptr<rd_kafka_message_t, Freed<rd_kafka_message_destroy>>;
using Properties = std::vector<std::pair<const char *, std::string>>;

struct Client {
    Client(rd_kafka_type_t type, const Properties &properties, void *opaque = nullptr)
    {
        Conf conf(rd_kafka_conf_new());
        std::array<char, 512> message{};
        for (const auto &[name, value] : properties)
            EXPECT_EQ(rd_kafka_conf_set(conf.get(), name, value.c_str(), message.data(), message.size()),
                      RD_KAFKA_CONF_OK)
                << message.data();
        rd_kafka_conf_set_opaque(conf.get(), opaque);
        rd_kafka_conf_set_log_cb(conf.get(), on_log);
        kafka = rd_kafka_new(type, conf.release(), message.data(), message.size());
    }
    ~Client() { rd_kafka_destroy(kafka); }
    Client(const Client &) = delete;
    Client &operator=(const Client &) = delete;

    static void on_log(const rd_kafka_t *rk, int /*level*/, const char * /*facility*/, const char *text)
    {
        auto *const asked = static_cast<std::atomic<int> *>(rd_kafka_opaque(rk));
        if (asked != nullptr && std::string_view(text).find("Sent ListOffsetsRequest") != std::string_view::npos)
            ++*asked;
    }

    rd_kafka_t *kafka = nullptr;
};

class FetchWakerTest : public testing::Test {
protected:
    FetchWakerTest() : cluster(rd_kafka_mock_cluster_new(producer.kafka, 1))
    {
        rd_kafka_mock_topic_create(cluster, topic, 1, 1);
        brokers = rd_kafka_mock_cluster_bootstraps(cluster);
    }
    ~FetchWakerTest() override { rd_kafka_mock_cluster_destroy(cluster); }

    void produce(int count, std::size_t size)
    {
        const Client sender(RD_KAFKA_PRODUCER, {{"bootstrap.servers", brokers}});
        std::string value(size, 'x');
        for (int i = 0; i < count; ++i)
            EXPECT_EQ(rd_kafka_producev(sender.kafka, RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(0),
                                        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                        RD_KAFKA_V_VALUE(value.data(), value.size()), RD_KAFKA_V_END),
                      RD_KAFKA_RESP_ERR_NO_ERROR);
        EXPECT_EQ(rd_kafka_flush(sender.kafka, patience_ms), RD_KAFKA_RESP_ERR_NO_ERROR);
    }

    /* How often the broker was asked while so many messages were taken; waits for the expected number at most. */
    int asked_while_claiming(int count, const Properties &queue, int expected)
    {
        std::atomic<int> asked = 0;
        Properties properties{{"bootstrap.servers", brokers}, {"group.id", "g"}, {"debug", "protocol"}};
        properties.insert(properties.end(), queue.begin(), queue.end());
        const Client taker(RD_KAFKA_CONSUMER, properties, &asked);
        rd_kafka_poll_set_consumer(taker.kafka);
        const List from_start(rd_kafka_topic_partition_list_new(1));
        rd_kafka_topic_partition_list_add(from_start.get(), topic, 0)->offset = 0;
        EXPECT_EQ(rd_kafka_assign(taker.kafka, from_start.get()), RD_KAFKA_RESP_ERR_NO_ERROR);

        FetchWaker waker(taker.kafka);
        const auto deadline = std::chrono::steady_clock::now() + patience;
        for (int taken = 0; taken < count && std::chrono::steady_clock::now() < deadline;) {
            const Message message(rd_kafka_consumer_poll(taker.kafka, 100));
            if (!message || message->err != RD_KAFKA_RESP_ERR_NO_ERROR) continue;
            waker.took(*message);
            ++taken;
        }
        while (asked < expected && std::chrono::steady_clock::now() < deadline)
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        rd_kafka_consumer_close(taker.kafka);
        return asked;
    }

    Client producer{RD_KAFKA_PRODUCER, {}}; // the cluster's home
    rd_kafka_mock_cluster_t *cluster;
    std::string brokers;
};

TEST_F(FetchWakerTest, AsksForEachQuarterOfTheMessagesThatTheQueueMayHold)
{
    produce(100, 10);
    EXPECT_EQ(asked_while_claiming(100, {{"queued.min.messages", "40"}}, 10), 10);
}

TEST_F(FetchWakerTest, AsksForEachQuarterOfTheBytesThatTheQueueMayHold)
{
    produce(20, 300);
    EXPECT_EQ(asked_while_claiming(20, {{"queued.max.messages.kbytes", "2"}}, 10), 10);
}

TEST_F(FetchWakerTest, DoesNotAskForLess)
{
    produce(20, 10);
    EXPECT_EQ(asked_while_claiming(20, {}, 0), 0);
}

} // namespace
} // namespace analytics::ingestor
