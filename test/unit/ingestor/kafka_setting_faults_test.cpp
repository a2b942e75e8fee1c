/* Settings that can't work together, or that librdkafka refuses only when a client is made of them. */
#include "../../../ingestor/kafka_setting_faults.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace analytics::ingestor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> faults(const runtime::Environment &environment)
{
    std::vector<std::string> lines;
    for (const auto &[setting, message] : kafka_faults({runtime::Daemon::ingestor, environment}))
        lines.push_back(setting + ": " + message);
    return lines;
}

TEST(KafkaFaults, ThereAreNoneInTheDefaults)
{
    EXPECT_THAT(faults({}), IsEmpty());
    EXPECT_THAT(faults({{"ANALYTICS_KAFKA_DLQ_TOPIC", "dlq"}, {"ANALYTICS_KAFKA_TOPIC", "^a"}}), IsEmpty());
    EXPECT_THAT(faults({{"ANALYTICS_KAFKA_BOOTSTRAP_SERVERS", "plaintext://a:1"}}), IsEmpty());
}

TEST(KafkaFaults, LettersMustNotComeBack)
{
    for (const char *topics : {"a,dlq", "^.*"})
        EXPECT_THAT(faults({{"ANALYTICS_KAFKA_DLQ_TOPIC", "dlq"}, {"ANALYTICS_KAFKA_TOPIC", topics}}),
                    ElementsAre(HasSubstr("ANALYTICS_KAFKA_DLQ_TOPIC: must not be")));
    EXPECT_THAT(faults({{"ANALYTICS_KAFKA_DLQ_TOPIC", "__dlq"}, {"ANALYTICS_KAFKA_TOPIC", "^.*"}}), IsEmpty());
}

TEST(KafkaFaults, AllOfThemAreToldAtOnce)
{
    EXPECT_THAT(faults({{"ANALYTICS_KAFKA_SECURITY_PROTOCOL", "ssl"},
                        {"ANALYTICS_KAFKA_BOOTSTRAP_SERVERS", "SASL_SSL://a:1"},
                        {"ANALYTICS_KAFKA_SSL_CA_LOCATION", "/nowhere/ca"},
                        {"ANALYTICS_KAFKA_SSL_KEY_LOCATION", "/nowhere/key"},
                        {"ANALYTICS_KAFKA_TOPIC", "a"},
                        {"ANALYTICS_KAFKA_DLQ_TOPIC", "a"}}),
                ElementsAre(HasSubstr("BOOTSTRAP_SERVERS: a broker by \"SASL_SSL\""), HasSubstr("DLQ_TOPIC"),
                            HasSubstr("CA_LOCATION: cannot read \"/nowhere/ca\""), HasSubstr("KEY_LOCATION")));
}

TEST(KafkaFaults, WhatOnlyAClientFindsIsFound)
{
    EXPECT_THAT(
        faults({{"ANALYTICS_KAFKA_SECURITY_PROTOCOL", "sasl_plaintext"}, {"ANALYTICS_KAFKA_SASL_MECHANISM", "PLAIN"}}),
        ElementsAre(HasSubstr("sasl.username")));
    EXPECT_THAT(
        faults({{"ANALYTICS_KAFKA_X_MAX_POLL_INTERVAL_MS", "7000"}, {"ANALYTICS_KAFKA_X_SESSION_TIMEOUT_MS", "8000"}}),
        ElementsAre(HasSubstr("max.poll.interval.ms")));
}

} // namespace
} // namespace analytics::ingestor
