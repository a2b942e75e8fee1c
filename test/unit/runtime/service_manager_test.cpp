/* What a service manager hears. Its end is an abstract socket, whose name is in our environment meanwhile. */
#include "../../../runtime/service_manager.hpp"

#include <array>
#include <cstddef>
#include <cstdlib>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace analytics::runtime {
namespace {

class ServiceManagerTest : public testing::Test {
protected:
    void SetUp() override
    {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        const std::string name = "analytics-unit-" + std::to_string(getpid());
        name.copy(&address.sun_path[1], name.size());
        const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
        ASSERT_EQ(bind(fd_, reinterpret_cast<const sockaddr *>(&address), size), 0);
        setenv("NOTIFY_SOCKET", ("@" + name).c_str(), 1);
    }
    void TearDown() override
    {
        unsetenv("NOTIFY_SOCKET");
        unsetenv("WATCHDOG_USEC");
        close(fd_);
    }

    /* The next thing that was said; empty when nothing was. */
    std::string heard() const
    {
        std::array<char, 1'024> buffer{};
        const auto size = recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
        return size < 0 ? std::string() : std::string(buffer.data(), static_cast<std::size_t>(size));
    }

    static void ready(Observer &observe, std::size_t partitions, std::size_t stopped)
    {
        observe(event::PartitionsReady{.partitions = partitions, .stopped = stopped});
    }

private:
    int fd_ = socket(AF_UNIX, SOCK_DGRAM, 0);
};

TEST_F(ServiceManagerTest, ReadyIsSaidWithWhatIsRead)
{
    DaemonState state;
    ServiceManager manager(state);
    Observers observe{&state, &manager};
    ready(observe, 3, 1);
    EXPECT_EQ(heard(), "READY=1");
    EXPECT_EQ(heard(), "STATUS=reading 3 partitions, 1 stopped: see the log");
}

TEST_F(ServiceManagerTest, APartitionThatStopsLaterIsCounted)
{
    DaemonState state;
    ServiceManager manager(state);
    Observers observe{&state, &manager};
    ready(observe, 4, 0);
    heard(), heard();
    observe(event::PartitionStopped{});
    EXPECT_EQ(heard(), "STATUS=reading 3 partitions, 1 stopped: see the log");
}

TEST_F(ServiceManagerTest, ASickDatabaseIsShownUntilItIsWell)
{
    DaemonState state;
    ServiceManager manager(state);
    Observers observe{&state, &manager};
    ready(observe, 4, 0);
    heard(), heard();
    observe(event::DatabaseUnavailable{.sqlstate = "53100", .message = "disk full"});
    EXPECT_EQ(heard(), "STATUS=waiting for the database: disk full (53100)");
    observe(event::KafkaUnavailable{.message = "refused"});
    EXPECT_EQ(heard(), "STATUS=waiting for the database: disk full (53100)");
    observe(event::DatabaseRecovered{});
    EXPECT_EQ(heard(), "STATUS=waiting for Kafka: refused");
    observe(event::KafkaRecovered{});
    EXPECT_EQ(heard(), "STATUS=reading 4 partitions");
}

TEST_F(ServiceManagerTest, NoMessageCanSayMoreThanAStatus)
{
    DaemonState state;
    ServiceManager manager(state);
    Observers observe{&state, &manager};
    observe(event::Fault{.message = "x\nREADY=1\r\n"});
    EXPECT_EQ(heard(), "STATUS=failed: x READY=1  ");
}

TEST_F(ServiceManagerTest, WhatDoesNotChangeTheStateIsNotSaid)
{
    DaemonState state;
    ServiceManager manager(state);
    Observers observe{&state, &manager};
    observe(event::BatchCommitted{.records = 5});
    EXPECT_EQ(heard(), "");
}

TEST_F(ServiceManagerTest, SignsOfLifeAreOnlyGivenWhereTheyAreWanted)
{
    const DaemonState state;
    ServiceManager manager(state);
    manager.alive();
    EXPECT_EQ(heard(), "");
}

TEST_F(ServiceManagerTest, SignsOfLifeAreRarerThanTheLoopsTurns)
{
    setenv("WATCHDOG_USEC", "3600000000", 1);
    const DaemonState state;
    ServiceManager manager(state);
    manager.alive();
    manager.alive();
    EXPECT_EQ(heard(), "WATCHDOG=1");
    EXPECT_EQ(heard(), "");
}

} // namespace
} // namespace analytics::runtime
