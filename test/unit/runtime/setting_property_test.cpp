/* librdkafka's own properties among the settings: how they are named, which are ours, and which are secrets. */
#include "setting_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace analytics::runtime {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST(PropertyTest, UnderscoresAreDots)
{
    const Settings settings(Daemon::ingestor, {{"ANALYTICS_KAFKA_X_FETCH_MIN_BYTES", "7"}});
    EXPECT_EQ(property(settings, "fetch.min.bytes"), "7");
}

TEST(PropertyTest, AFlagWins)
{
    const std::vector<Property> flags{{"fetch.min.bytes", "8"}};
    const Settings settings(Daemon::ingestor, {{"ANALYTICS_KAFKA_X_FETCH_MIN_BYTES", "7"}}, flags);
    EXPECT_EQ(property(settings, "fetch.min.bytes"), "8");
}

TEST(PropertyTest, BothDaemonsAcceptThem)
{
    EXPECT_THAT(faults({{"ANALYTICS_KAFKA_X_FETCH_MIN_BYTES", "7"}}, Daemon::http), IsEmpty());
}

TEST(PropertyTest, LibrdkafkasOpinionIsReportedWithTheRest)
{
    const auto found = faults({{"ANALYTICS_KAFKA_X_NO_SUCH", "7"}, {"ANALYTICS_FOO", "1"}}, Daemon::ingestor, {},
                              [](const Property &p) { return p.name == "no.such" ? "no such property" : ""; });
    EXPECT_THAT(found, testing::UnorderedElementsAre("ANALYTICS_KAFKA_X_NO_SUCH: no such property",
                                                     "ANALYTICS_FOO: unknown setting"));
}

struct Owned {
    const char *suffix;
    const char *instead;
};
class OwnedPropertyTest : public testing::TestWithParam<Owned> {};

TEST_P(OwnedPropertyTest, IsRefusedWithTheReason)
{
    const std::string name = std::string("ANALYTICS_KAFKA_X_") + GetParam().suffix;
    for (const Daemon daemon : daemons)
        EXPECT_THAT(faults({{name, "x"}}, daemon), testing::ElementsAre(HasSubstr(GetParam().instead)));
}

INSTANTIATE_TEST_SUITE_P(Table, OwnedPropertyTest,
                         testing::Values(Owned{"BOOTSTRAP_SERVERS", "use ANALYTICS_KAFKA_BOOTSTRAP_SERVERS"},
                                         Owned{"METADATA_BROKER_LIST", "use ANALYTICS_KAFKA_BOOTSTRAP_SERVERS"},
                                         Owned{"GROUP_ID", "use ANALYTICS_KAFKA_CONSUMER_GROUP"},
                                         Owned{"AUTO_OFFSET_RESET", "use ANALYTICS_KAFKA_AUTO_OFFSET_RESET"},
                                         Owned{"SASL_PASSWORD", "use ANALYTICS_KAFKA_SASL_PASSWORD"},
                                         Owned{"SSL_KEY_PASSWORD", "use ANALYTICS_KAFKA_SSL_KEY_PASSWORD"},
                                         Owned{"SECURITY_PROTOCOL", "use ANALYTICS_KAFKA_SECURITY_PROTOCOL"},
                                         Owned{"ENABLE_AUTO_COMMIT", "the database keeps the offsets"},
                                         Owned{"ENABLE_AUTO_OFFSET_STORE", "the database keeps the offsets"},
                                         Owned{"ISOLATION_LEVEL", "exactly-once"},
                                         Owned{"PARTITION_ASSIGNMENT_STRATEGY", "cooperative"},
                                         Owned{"GROUP_PROTOCOL", "classic"}),
                         [](const auto &info) { return info.param.suffix; });

TEST(PropertyTest, ASecretIsNoFlag)
{
    EXPECT_THAT(faults({}, Daemon::ingestor, {{"ssl.keystore.password", "s3cr3t"}}),
                testing::ElementsAre(testing::AllOf(HasSubstr("other users can see flags"), Not(HasSubstr("s3cr3t")))));
}

TEST(PropertyTest, ASecretMayComeFromAFile)
{
    const SecretFile file("s3cr3t\n");
    const Settings settings(Daemon::ingestor, {{"ANALYTICS_KAFKA_X_SSL_KEYSTORE_PASSWORD_FILE", file.path()}});
    EXPECT_EQ(property(settings, "ssl.keystore.password"), "s3cr3t");
    EXPECT_THAT(settings.print(),
                testing::AllOf(HasSubstr("ANALYTICS_KAFKA_X_SSL_KEYSTORE_PASSWORD=***"), Not(HasSubstr("s3cr3t"))));
}

TEST(PropertyTest, ASecretInBothFormsIsAFault)
{
    const SecretFile file("s3cr3t");
    EXPECT_THAT(faults({{"ANALYTICS_KAFKA_X_SSL_KEYSTORE_PASSWORD", "x"},
                        {"ANALYTICS_KAFKA_X_SSL_KEYSTORE_PASSWORD_FILE", file.path()}}),
                testing::ElementsAre(HasSubstr("given together")));
}

TEST(PropertyTest, ANamelessOneIsUnknown)
{
    EXPECT_THAT(faults({{"ANALYTICS_KAFKA_X_", "1"}}), testing::ElementsAre("ANALYTICS_KAFKA_X_: unknown setting"));
}

} // namespace
} // namespace analytics::runtime
