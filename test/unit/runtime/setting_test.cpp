/* Every rule of the settings: the table, bounds, secrets and their files, and that all faults are reported at once. */
#include "setting_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sstream>

namespace analytics::runtime {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// ---- defaults ----------------------------------------------------------------------------------------------------

struct Default {
    Key key;
    const char *value;
};
class DefaultTest : public testing::TestWithParam<Default> {};

TEST_P(DefaultTest, IsAsTheReferenceSays)
{
    EXPECT_EQ(Settings(Daemon::ingestor, {}).text(GetParam().key), GetParam().value);
}

INSTANTIATE_TEST_SUITE_P(
    Reference, DefaultTest,
    testing::Values(Default{Key::kafka_bootstrap_servers, "localhost:9092"},
                    Default{Key::kafka_topic, "analytics.events"},
                    Default{Key::kafka_consumer_group, "analytics-service"},
                    Default{Key::kafka_auto_offset_reset, "earliest"}, Default{Key::kafka_dlq_topic, ""},
                    Default{Key::metrics_window_minutes, "60"}, Default{Key::service_host, "127.0.0.1"},
                    Default{Key::service_port, "8000"}, Default{Key::http_admin_host, "127.0.0.1"},
                    Default{Key::http_admin_port, "8001"}, Default{Key::ingestor_admin_host, "127.0.0.1"},
                    Default{Key::keep_skipped, "on"}, Default{Key::log_format, "json"}),
    [](const auto &info) { return std::string(settings_table()[static_cast<std::size_t>(info.param.key)].name); });

TEST(SettingTest, EveryDefaultPassesItsOwnChecks)
{
    Environment environment;
    for (const Setting &setting : settings_table())
        if (!setting.fallback.empty()) environment[std::string(setting.name)] = setting.fallback;
    for (const Daemon daemon : daemons) EXPECT_THAT(faults(environment, daemon), IsEmpty());
}

TEST(SettingTest, NamesAreUniqueAndOurs)
{
    std::map<std::string_view, int> names;
    for (const Setting &setting : settings_table()) {
        EXPECT_TRUE(setting.name.starts_with("ANALYTICS_")) << setting.name;
        EXPECT_EQ(++names[setting.name], 1) << setting.name;
        EXPECT_FALSE(setting.what.empty()) << setting.name;
    }
}

// ---- values ------------------------------------------------------------------------------------------------------

struct Value {
    const char *name;
    const char *value;
    const char *fault; // part of the message; nullptr: good
};
class SettingValueTest : public testing::TestWithParam<Value> {};

TEST_P(SettingValueTest, IsJudgedAlikeByBothDaemons)
{
    const auto &[name, value, fault] = GetParam();
    for (const Daemon daemon : daemons) {
        const auto found = faults({{name, value}}, daemon);
        if (fault == nullptr) {
            EXPECT_THAT(found, IsEmpty());
        } else {
            ASSERT_EQ(found.size(), 1U);
            EXPECT_THAT(found.front(), HasSubstr(std::string(name) + ": "));
            EXPECT_THAT(found.front(), HasSubstr(fault));
        }
    }
}

INSTANTIATE_TEST_SUITE_P(
    Table, SettingValueTest,
    testing::Values(
        Value{"ANALYTICS_SERVICE_PORT", "1", nullptr}, Value{"ANALYTICS_SERVICE_PORT", "0", "from 1 to 65535"},
        Value{"ANALYTICS_SERVICE_PORT", "65535", nullptr}, Value{"ANALYTICS_SERVICE_PORT", "65536", "not 65536"},
        Value{"ANALYTICS_SERVICE_PORT", "80a", "integer"}, Value{"ANALYTICS_SERVICE_PORT", " 80", "integer"},
        Value{"ANALYTICS_SERVICE_PORT", "+80", "integer"}, Value{"ANALYTICS_SERVICE_PORT", "8e1", "integer"},
        Value{"ANALYTICS_SERVICE_PORT", "99999999999999999999", "integer"},
        Value{"ANALYTICS_POSTGRES_PORT", "5432", nullptr}, Value{"ANALYTICS_POSTGRES_PORT", "-1", "from 1"},
        Value{"ANALYTICS_METRICS_WINDOW_MINUTES", "5", nullptr},
        Value{"ANALYTICS_METRICS_WINDOW_MINUTES", "4", "from 5 to 10080"},
        Value{"ANALYTICS_METRICS_WINDOW_MINUTES", "10080", nullptr},
        Value{"ANALYTICS_METRICS_WINDOW_MINUTES", "10081", "10080"}, Value{"ANALYTICS_BATCH_RECORDS", "0", "from 1"},
        Value{"ANALYTICS_BATCH_RECORDS", "1", nullptr}, Value{"ANALYTICS_BATCH_BYTES", "16777216", nullptr},
        Value{"ANALYTICS_BATCH_BYTES", "16777217", "from 1"}, Value{"ANALYTICS_BATCH_MS", "0", nullptr},
        Value{"ANALYTICS_BATCH_MS", "-1", "from 0"}, Value{"ANALYTICS_INGESTOR_DATABASE_CONNECTIONS", "16", nullptr},
        Value{"ANALYTICS_INGESTOR_DATABASE_CONNECTIONS", "0", "from 1 to 16"},
        Value{"ANALYTICS_KAFKA_AUTO_OFFSET_RESET", "latest", nullptr},
        Value{"ANALYTICS_KAFKA_AUTO_OFFSET_RESET", "none", "one of earliest|latest"},
        Value{"ANALYTICS_KAFKA_AUTO_OFFSET_RESET", "earliest|latest", "one of"},
        Value{"ANALYTICS_KAFKA_SECURITY_PROTOCOL", "SASL_SSL", nullptr},
        Value{"ANALYTICS_KAFKA_SECURITY_PROTOCOL", "tls", "one of"},
        Value{"ANALYTICS_KAFKA_SASL_MECHANISM", "scram-sha-512", nullptr},
        Value{"ANALYTICS_KAFKA_SASL_MECHANISM", "MD5", "one of"}, Value{"ANALYTICS_KEEP_SKIPPED", "off", nullptr},
        Value{"ANALYTICS_KEEP_SKIPPED", "no", "one of on|off"}, Value{"ANALYTICS_LOG_LEVEL", "debug", nullptr},
        Value{"ANALYTICS_LOG_LEVEL", "loud", "one of"}, Value{"ANALYTICS_LOG_FORMAT", "text", nullptr},
        Value{"ANALYTICS_LOG_FORMAT", "xml", "one of"}, Value{"ANALYTICS_KAFKA_TOPIC", "a,b.c,d_e-F9", nullptr},
        Value{"ANALYTICS_KAFKA_TOPIC", "^events\\..*", nullptr}, Value{"ANALYTICS_KAFKA_TOPIC", "a,^b.+", nullptr},
        Value{"ANALYTICS_KAFKA_TOPIC", "a,,b", "empty"}, Value{"ANALYTICS_KAFKA_TOPIC", "a b", "not a topic"},
        Value{"ANALYTICS_KAFKA_TOPIC", "..", "not a topic"},
        Value{"ANALYTICS_KAFKA_TOPIC", "^[", "not a regular expression"},
        Value{"ANALYTICS_KAFKA_TOPIC", "a,^b(", "not a regular expression"},
        Value{"ANALYTICS_KAFKA_TOPIC", "^a{1,2}", "not a regular expression"}, // the comma ends an item
        Value{"ANALYTICS_KAFKA_TOPIC", "a,b,a", "twice"}, Value{"ANALYTICS_KAFKA_TOPIC", "^a,^a", "twice"},
        Value{"ANALYTICS_KAFKA_TOPIC", "^__mine$", "Kafka's own"},
        Value{"ANALYTICS_KAFKA_TOPIC", "__mine,^a", "Kafka's own"}, Value{"ANALYTICS_KAFKA_TOPIC", "__mine", nullptr},
        Value{"ANALYTICS_KAFKA_TOPIC", "a,", "empty"}, Value{"ANALYTICS_KAFKA_TOPIC", ",a", "empty"},
        Value{"ANALYTICS_KAFKA_CONSUMER_GROUP", "\xff", "UTF-8"},
        Value{"ANALYTICS_KAFKA_CONSUMER_GROUP", "größer als eins", nullptr},
        Value{"ANALYTICS_KAFKA_BOOTSTRAP_SERVERS", "a, b.c:9092,[::1]:9092,::1,10.0.0.1:1,SSL://d_e:65535", nullptr},
        Value{"ANALYTICS_KAFKA_BOOTSTRAP_SERVERS", "a,", nullptr},
        Value{"ANALYTICS_KAFKA_BOOTSTRAP_SERVERS", ":9092", nullptr},
        Value{"ANALYTICS_KAFKA_BOOTSTRAP_SERVERS", ",", "no broker"},
        Value{"ANALYTICS_KAFKA_BOOTSTRAP_SERVERS", "a:x", "not a port"},
        Value{"ANALYTICS_KAFKA_BOOTSTRAP_SERVERS", "a:", "not a port"},
        Value{"ANALYTICS_KAFKA_BOOTSTRAP_SERVERS", "a:0", "not a port"},
        Value{"ANALYTICS_KAFKA_BOOTSTRAP_SERVERS", "a:65536", "not a port"},
        Value{"ANALYTICS_KAFKA_BOOTSTRAP_SERVERS", "a:9092;b:9092", "not a host"},
        Value{"ANALYTICS_KAFKA_BOOTSTRAP_SERVERS", "a b", "not a host"},
        Value{"ANALYTICS_KAFKA_BOOTSTRAP_SERVERS", ":::", "not a host"},
        Value{"ANALYTICS_KAFKA_BOOTSTRAP_SERVERS", "[::x]:9092", "not a host"},
        Value{"ANALYTICS_INGESTOR_ADMIN_HOST", "::", nullptr},
        Value{"ANALYTICS_INGESTOR_ADMIN_HOST", "local host", "not a host"},
        Value{"ANALYTICS_POSTGRES_HOST", "/run/x", nullptr},
        Value{"ANALYTICS_DATABASE_URL", "postgresql://a:1,b:2/d", nullptr},
        Value{"ANALYTICS_DATABASE_URL", "host=a,b port=1", nullptr},
        Value{"ANALYTICS_DATABASE_URL", "host=a,b port=1,2,3", "one item"},
        Value{"ANALYTICS_DATABASE_URL", "host=a,b hostaddr=::1", "same number"},
        Value{"ANALYTICS_DATABASE_URL", "postgresql://h:99999/d", "from 1 to 65535"},
        Value{"ANALYTICS_DATABASE_URL", "postgresql://h:1x/d", "from 1 to 65535"},
        Value{"ANALYTICS_DATABASE_URL", "postgresql://h/d?sslmode=perhaps", "sslmode"},
        Value{"ANALYTICS_DATABASE_URL", "postgresql://h/d?target_session_attrs=any-thing", "target_session_attrs"},
        Value{"ANALYTICS_DATABASE_URL", "postgresql://h/d?channel_binding=x", "channel_binding"},
        Value{"ANALYTICS_DATABASE_URL", "service=there-is-none", "service"},
        Value{"ANALYTICS_DATABASE_URL", "postgresql://u:p@h:1/d?sslmode=require", nullptr},
        Value{"ANALYTICS_DATABASE_URL", "postgresql://u@/d?host=/run/x", nullptr},
        Value{"ANALYTICS_DATABASE_URL", "http://h/d", "not a connection URL"},
        Value{"ANALYTICS_DATABASE_URL", "postgresql://h/d?nosuch=1", "not a connection URL"}));

TEST(SettingTest, ATopicNameHasKafkasLength)
{
    EXPECT_THAT(faults({{"ANALYTICS_KAFKA_TOPIC", std::string(249, 'x')}}), IsEmpty());
    EXPECT_THAT(faults({{"ANALYTICS_KAFKA_TOPIC", std::string(250, 'x')}}), Not(IsEmpty()));
}

TEST(SettingTest, AChoiceComesAsTheTableSpellsIt)
{
    const Settings settings(Daemon::ingestor, {{"ANALYTICS_KAFKA_SECURITY_PROTOCOL", "SASL_SSL"},
                                               {"ANALYTICS_KAFKA_SASL_MECHANISM", "scram-sha-256"}});
    EXPECT_EQ(settings.text(Key::kafka_security_protocol), "sasl_ssl");
    EXPECT_EQ(settings.text(Key::kafka_sasl_mechanism), "SCRAM-SHA-256");
}

TEST(SettingTest, AnEmptyValueIsNone)
{
    const Settings settings(Daemon::ingestor, {{"ANALYTICS_BATCH_MS", ""}});
    EXPECT_EQ(settings.integer(Key::batch_ms), 200);
    EXPECT_FALSE(settings.is_given(Key::batch_ms));
}

TEST(SettingTest, OtherVariablesAreNobodysBusiness)
{
    EXPECT_THAT(faults({{"HOME", "/"}, {"PGHOST", "x"}, {"analytics_foo", "1"}, {"MY_ANALYTICS_FOO", "1"}}), IsEmpty());
}

TEST(SettingTest, EverythingThatIsWrongIsReportedAtOnce)
{
    const auto found = faults(
        {{"ANALYTICS_FOO", "1"}, {"ANALYTICS_BAR", ""}, {"ANALYTICS_BATCH_MS", "x"}, {"ANALYTICS_LOG_LEVEL", "y"}},
        Daemon::ingestor, {{"group.id", "g"}});
    EXPECT_THAT(found, testing::UnorderedElementsAre("ANALYTICS_FOO: unknown setting", "ANALYTICS_BAR: unknown setting",
                                                     HasSubstr("ANALYTICS_BATCH_MS"), HasSubstr("ANALYTICS_LOG_LEVEL"),
                                                     HasSubstr("-X group.id")));
}

TEST(SettingTest, TheDeadLetterTopicIsOneTopic)
{
    for (const char *topic : {"", "dlq", "analytics.events.dlq"})
        EXPECT_THAT(faults({{"ANALYTICS_KAFKA_DLQ_TOPIC", topic}}), IsEmpty()) << topic;
    for (const char *topic : {"a,b", "^a", "..", "a b"})
        EXPECT_THAT(faults({{"ANALYTICS_KAFKA_DLQ_TOPIC", topic}}), testing::ElementsAre(HasSubstr("topic name")))
            << topic;
}

// ---- secrets -----------------------------------------------------------------------------------------------------

class SecretTest : public testing::TestWithParam<Setting> {
protected:
    std::string name() const { return std::string(GetParam().name); }
    Daemon reader() const { return GetParam().readers == Daemon::http ? Daemon::http : Daemon::ingestor; }
    std::string good() const { return GetParam().key == Key::database_url ? "postgresql://u:s3cr3t@h/d" : "s3cr3t"; }
};

TEST_P(SecretTest, MayComeFromAFile)
{
    const SecretFile file(good() + "\n");
    EXPECT_EQ(Settings(reader(), {{name() + "_FILE", file.path()}}).text(GetParam().key), good());
}

TEST_P(SecretTest, BothFormsAreAFault)
{
    const SecretFile file(good());
    EXPECT_THAT(faults({{name(), good()}, {name() + "_FILE", file.path()}}, reader()),
                testing::ElementsAre(name() + ": given together with " + name() + "_FILE"));
}

TEST_P(SecretTest, AMissingFileIsAFault)
{
    EXPECT_THAT(faults({{name() + "_FILE", "/nonexistent"}}, reader()), testing::ElementsAre(HasSubstr("cannot read")));
}

TEST_P(SecretTest, IsNeverPrinted)
{
    const std::string printed = Settings(reader(), {{name(), good()}}).print();
    EXPECT_THAT(printed, Not(HasSubstr("s3cr3t")));
    EXPECT_THAT(printed, HasSubstr(name() + "="));
    EXPECT_THAT(printed, HasSubstr("***"));
}

std::vector<Setting> secrets()
{
    std::vector<Setting> found;
    for (const Setting &setting : settings_table())
        if (setting.kind == Kind::secret) found.push_back(setting);
    return found;
}
INSTANTIATE_TEST_SUITE_P(Table, SecretTest, testing::ValuesIn(secrets()),
                         [](const auto &info) { return std::string(info.param.name); });

struct Content {
    const char *name;
    const char *content;
    const char *value; // nullptr: a fault
};
class SecretContentTest : public testing::TestWithParam<Content> {};

TEST_P(SecretContentTest, IsTrimmedOfOneNewline)
{
    const SecretFile file(GetParam().content);
    const Environment environment{{"ANALYTICS_POSTGRES_PASSWORD_FILE", file.path()}};
    if (GetParam().value == nullptr)
        EXPECT_THAT(faults(environment), Not(IsEmpty()));
    else
        EXPECT_EQ(Settings(Daemon::http, environment).text(Key::postgres_password), GetParam().value);
}

INSTANTIATE_TEST_SUITE_P(Forms, SecretContentTest,
                         testing::Values(Content{"Plain", "abc", "abc"}, Content{"Newline", "abc\n", "abc"},
                                         Content{"TwoNewlines", "abc\n\n", "abc\n"},
                                         Content{"Blanks", " a b ", " a b "}, Content{"Windows", "abc\r\n", "abc"},
                                         Content{"Empty", "", nullptr}, Content{"OnlyNewline", "\n", nullptr}),
                         [](const auto &info) { return info.param.name; });

TEST(SettingTest, TheOtherDaemonsSecretFilesAreNotOpened)
{
    EXPECT_THAT(faults({{"ANALYTICS_KAFKA_SASL_PASSWORD_FILE", "/nonexistent"}}, Daemon::http), IsEmpty());
    EXPECT_THAT(faults({{"ANALYTICS_HTTP_API_KEYS_FILE", "/nonexistent"}}, Daemon::ingestor), IsEmpty());
}

TEST(SettingTest, AFolderIsNoSecret)
{
    EXPECT_THAT(faults({{"ANALYTICS_POSTGRES_PASSWORD_FILE", "/"}}), testing::ElementsAre(HasSubstr("cannot read")));
}

TEST(SettingTest, OnlySecretsHaveAFileForm)
{
    EXPECT_THAT(faults({{"ANALYTICS_BATCH_MS_FILE", "/"}}),
                testing::ElementsAre("ANALYTICS_BATCH_MS_FILE: unknown setting"));
}

TEST(SettingTest, AFaultyUrlIsNotQuoted)
{
    EXPECT_THAT(faults({{"ANALYTICS_DATABASE_URL", "postgresql://u:s3cr3t%zz@h/d"}}),
                testing::ElementsAre(Not(HasSubstr("s3cr3t"))));
}

// ---- the database ------------------------------------------------------------------------------------------------

TEST(ConninfoTest, IsTheUrlWhenThereIsOne)
{
    const Settings settings(Daemon::http,
                            {{"ANALYTICS_DATABASE_URL", "postgresql://h/d"}, {"ANALYTICS_POSTGRES_HOST", "other"}});
    EXPECT_EQ(settings.conninfo(), "postgresql://h/d");
}

TEST(ConninfoTest, IsMadeOfThePartsElse)
{
    const Settings settings(Daemon::http, {{"ANALYTICS_POSTGRES_HOST", "h"},
                                           {"ANALYTICS_POSTGRES_PORT", "5433"},
                                           {"ANALYTICS_POSTGRES_USER", "u"},
                                           {"ANALYTICS_POSTGRES_PASSWORD", R"(it's a \ pass)"},
                                           {"ANALYTICS_POSTGRES_DB", "d"}});
    EXPECT_EQ(settings.conninfo(), R"(host='h' port='5433' user='u' password='it\'s a \\ pass' dbname='d')");
}

TEST(ConninfoTest, IsEmptyWhenPgVariablesDecide)
{
    EXPECT_EQ(Settings(Daemon::http, {}).conninfo(), "");
}

// ---- print -------------------------------------------------------------------------------------------------------

TEST(PrintTest, ShowsWhatTheDaemonReads)
{
    const std::string ingestor = Settings(Daemon::ingestor, {}).print();
    EXPECT_THAT(ingestor, HasSubstr("ANALYTICS_BATCH_MS=200\n"));
    EXPECT_THAT(ingestor, Not(HasSubstr("ANALYTICS_SERVICE_PORT")));
    const std::string http = Settings(Daemon::http, {}).print();
    EXPECT_THAT(http, HasSubstr("ANALYTICS_SERVICE_PORT=8000\n"));
    EXPECT_THAT(http, Not(HasSubstr("ANALYTICS_BATCH_MS")));
}

TEST(PrintTest, IsAnEnvironmentThatIsAccepted)
{
    Environment environment;
    std::istringstream lines(
        Settings(Daemon::ingestor, {{"ANALYTICS_KAFKA_X_FETCH_MIN_BYTES", "7"}, {"ANALYTICS_BATCH_MS", "9"}}).print());
    for (std::string line; std::getline(lines, line);)
        environment[line.substr(0, line.find('='))] = line.substr(line.find('=') + 1);
    const Settings again(Daemon::ingestor, environment);
    EXPECT_EQ(again.integer(Key::batch_ms), 9);
    EXPECT_EQ(property(again, "fetch.min.bytes"), "7");
}

} // namespace
} // namespace analytics::runtime
