/* Flags, and what they exit with. The environment is this process's own. */
#include "../../../runtime/command_line.hpp"

#include <cstdlib>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace analytics::runtime {
namespace {

using testing::HasSubstr;

struct Outcome {
    std::optional<ExitCode> code;
    bool check = false;
    std::string out;
    std::string err;
};

Outcome start(std::vector<const char *> arguments, Daemon daemon = Daemon::ingestor)
{
    arguments.insert(arguments.begin(), "daemon");
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const auto answer = start_up(daemon, static_cast<int>(arguments.size()), arguments.data());
    Outcome outcome;
    std::fflush(stdout);
    outcome.out = testing::internal::GetCapturedStdout();
    outcome.err = testing::internal::GetCapturedStderr();
    if (const auto *code = std::get_if<ExitCode>(&answer))
        outcome.code = *code;
    else
        outcome.check = std::get<Start>(answer).check;
    return outcome;
}

class CommandLineTest : public testing::Test {
protected:
    void TearDown() override
    {
        for (const char *name : {"ANALYTICS_FOO", "ANALYTICS_BATCH_MS", "ANALYTICS_LOG_FORMAT"}) unsetenv(name);
    }
};

TEST_F(CommandLineTest, WithoutFlagsTheDaemonStarts)
{
    const Outcome outcome = start({});
    EXPECT_FALSE(outcome.code);
    EXPECT_FALSE(outcome.check);
}

TEST_F(CommandLineTest, CheckIsLeftToTheDaemon)
{
    EXPECT_TRUE(start({"--check"}).check);
}

TEST_F(CommandLineTest, HelpListsEverySettingThatTheDaemonReads)
{
    for (const Daemon daemon : {Daemon::ingestor, Daemon::http}) {
        const Outcome outcome = start({"--help"}, daemon);
        EXPECT_EQ(outcome.code, ExitCode::stopped);
        for (const Setting &setting : settings_table()) {
            const bool is_read = (static_cast<int>(setting.readers) & static_cast<int>(daemon)) != 0;
            if (is_read)
                EXPECT_THAT(outcome.out, HasSubstr(std::string(setting.name) + "\n"));
            else
                EXPECT_THAT(outcome.out, testing::Not(HasSubstr(std::string(setting.name) + "\n")));
        }
    }
}

TEST_F(CommandLineTest, HelpSufficesWithoutAManual)
{
    for (const Daemon daemon : {Daemon::ingestor, Daemon::http}) {
        const std::string text = start({"--help"}, daemon).out;
        for (const char *part : {"OTEL_EXPORTER_OTLP_ENDPOINT\n", "\nSignals: SIGTERM", "\nExit codes: 0 stopped"})
            EXPECT_THAT(text, HasSubstr(part));
        EXPECT_EQ(text.find("SIGHUP") != std::string::npos, daemon == Daemon::http);
    }
}

TEST_F(CommandLineTest, VersionIsTheProductsOwn)
{
    EXPECT_EQ(start({"--version"}).out, "analytics-ingestor " ANALYTICS_VERSION "\n");
    EXPECT_EQ(start({"--version"}, Daemon::http).out, "analytics-http " ANALYTICS_VERSION "\n");
}

TEST_F(CommandLineTest, PrintConfigPrintsAndExits)
{
    const Outcome outcome = start({"--print-config", "-X", "fetch.min.bytes=3"});
    EXPECT_EQ(outcome.code, ExitCode::stopped);
    EXPECT_THAT(outcome.out, HasSubstr("ANALYTICS_BATCH_MS=200\n"));
    EXPECT_THAT(outcome.out, HasSubstr("ANALYTICS_KAFKA_X_FETCH_MIN_BYTES=3\n"));
}

struct Usage {
    const char *name;
    std::vector<const char *> arguments;
    Daemon daemon;
};
class UsageTest : public testing::TestWithParam<Usage> {};

TEST_P(UsageTest, Exits64)
{
    const Outcome outcome = start(GetParam().arguments, GetParam().daemon);
    EXPECT_EQ(outcome.code, ExitCode::usage);
    EXPECT_EQ(outcome.out, "");
    EXPECT_NE(outcome.err, "");
    EXPECT_THAT(outcome.err, testing::Not(HasSubstr("s3cr3t")));
}

INSTANTIATE_TEST_SUITE_P(Errors, UsageTest,
                         testing::Values(Usage{"UnknownFlag", {"--nope"}, Daemon::ingestor},
                                         Usage{"Argument", {"serve"}, Daemon::ingestor},
                                         Usage{"PropertyWithoutValue", {"-X", "s3cr3t"}, Daemon::ingestor},
                                         Usage{"PropertyWithoutName", {"-X", "=s3cr3t"}, Daemon::ingestor},
                                         Usage{"PropertyMissing", {"-X"}, Daemon::ingestor},
                                         Usage{"PropertiesAreTheIngestors", {"-X", "a=b"}, Daemon::http}),
                         [](const auto &info) { return info.param.name; });

TEST_F(CommandLineTest, RepeatedPropertiesAllCount)
{
    const Outcome outcome = start({"--print-config", "-X", "fetch.min.bytes=3", "-X", "client.rack=b"});
    EXPECT_THAT(outcome.out, HasSubstr("ANALYTICS_KAFKA_X_CLIENT_RACK=b\n"));
    EXPECT_THAT(outcome.out, HasSubstr("ANALYTICS_KAFKA_X_FETCH_MIN_BYTES=3\n"));
}

TEST_F(CommandLineTest, BadSettingsExit78WithALineEach)
{
    setenv("ANALYTICS_FOO", "1", 1);
    setenv("ANALYTICS_BATCH_MS", "x", 1);
    const Outcome outcome = start({});
    EXPECT_EQ(outcome.code, ExitCode::settings);
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 2);
    EXPECT_THAT(outcome.err,
                HasSubstr(R"("event":"setting_refused","setting":"ANALYTICS_FOO","message":"unknown setting")"));
    EXPECT_THAT(outcome.err, HasSubstr(R"("setting":"ANALYTICS_BATCH_MS")"));
}

TEST_F(CommandLineTest, TheyAreToldAsTextWhereTheLogIsText)
{
    setenv("ANALYTICS_FOO", "1", 1);
    setenv("ANALYTICS_LOG_FORMAT", "text", 1);
    EXPECT_THAT(start({}).err, HasSubstr("error setting_refused setting=ANALYTICS_FOO"));
}

TEST_F(CommandLineTest, HelpWinsOverBadSettings)
{
    setenv("ANALYTICS_FOO", "1", 1);
    EXPECT_EQ(start({"--help"}).code, ExitCode::stopped);
}

} // namespace
} // namespace analytics::runtime
