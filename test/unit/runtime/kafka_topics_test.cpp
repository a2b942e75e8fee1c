/* Which topics a list reads. What is wrong with a list is in setting_test. */
#include "../../../runtime/kafka_topics.hpp"

#include <gtest/gtest.h>

namespace analytics::runtime {
namespace {

TEST(KafkaTopics, AListReadsWhatItNamesAndWhatItsExpressionsMatch)
{
    for (const char *list : {"dlq", "a,dlq", "dlq,a", "^d", "a,^.*q$", "^"}) EXPECT_TRUE(is_read(list, "dlq")) << list;
    for (const char *list : {"a", "dlq2", "a,b", "^dlq2", "^(", "xdlq"}) EXPECT_FALSE(is_read(list, "dlq")) << list;
}

TEST(KafkaTopics, NoExpressionMatchesKafkasOwn)
{
    for (const char *topic : {"__consumer_offsets", "__transaction_state", "__x"}) {
        for (const char *list : {"^", "^.*", "^_", "a,^.+s$", "^__"}) EXPECT_FALSE(is_read(list, topic)) << list;
        EXPECT_TRUE(is_read(topic, topic));
    }
    EXPECT_TRUE(is_read("^_", "_mine"));
}

} // namespace
} // namespace analytics::runtime
