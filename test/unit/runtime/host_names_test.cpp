/* The host that a client calls, and whether that is us. */
#include "../../../runtime/host_names.hpp"

#include <gtest/gtest.h>

namespace analytics::runtime {
namespace {

bool answers(std::string_view host, std::string_view listed = "", std::string_view listening_on = "127.0.0.1")
{
    const auto called = read_authority(host);
    return called && HostNames(listed, listening_on).contain(*called);
}

TEST(HostNames, ofLoopbackAreKnownWithAnyPort)
{
    for (const std::string_view host :
         {"localhost", "LocalHost:1", "localhost.", "localhost.:8000", "localhost:", "127.0.0.1", "127.1.2.3:80",
          "[::1]", "[0:0:0:0:0:0:0:1]:8000", "[::ffff:127.0.0.1]"})
        EXPECT_TRUE(answers(host)) << host;
}

TEST(HostNames, ofOthersAreNot)
{
    for (const std::string_view host :
         {"evil.example", "localhost.evil.example", "evil.localhost", "127.0.0.1.evil.example", "127.0.0.1.nip.io",
          "128.0.0.1", "10.0.0.1", "0.0.0.0", "127.1", "2130706433", "0x7f.0.0.1", "0177.0.0.1", "[::2]", "[::]",
          "[::ffff:10.0.0.1]", "localhost..", "analytics.example"})
        EXPECT_FALSE(answers(host)) << host;
}

TEST(HostNames, areTheOperatorsToAdd)
{
    constexpr std::string_view listed = "Analytics.Example, b.example:8443, [fd00::0:1]";
    for (const std::string_view host :
         {"analytics.example", "ANALYTICS.example.:80", "b.example:8443", "[fd00::1]:80", "localhost"})
        EXPECT_TRUE(answers(host, listed)) << host;
    for (const std::string_view host : {"b.example", "b.example:443", "x.analytics.example", "example", "[fd00::2]"})
        EXPECT_FALSE(answers(host, listed)) << host;
    EXPECT_TRUE(answers("any.example", "*"));
}

TEST(HostNames, areTheOneThatIsListenedOn)
{
    EXPECT_TRUE(answers("db.internal:8000", "", "db.internal"));
    EXPECT_FALSE(answers("other.internal", "", "db.internal"));
    EXPECT_TRUE(answers("[fd00::1]", "", "fd00::1"));
}

TEST(HostNames, includeAddressesBeyondLoopbackAlone)
{
    for (const std::string_view beyond : {"0.0.0.0", "::", "10.0.0.5", "db.internal"}) {
        EXPECT_TRUE(answers("10.1.2.3:8000", "", beyond)) << beyond;
        EXPECT_TRUE(answers("[fd00::9]", "", beyond)) << beyond;
        EXPECT_FALSE(answers("evil.example", "", beyond)) << beyond;
    }
    for (const std::string_view loopback : {"127.0.0.1", "127.0.0.2", "localhost", "::1"})
        EXPECT_FALSE(answers("10.1.2.3", "", loopback)) << loopback;
}

TEST(HostNames, thatAreNoneAreToldWhenTheyAreSet)
{
    for (const std::string_view list : {"", "a", "a:1, b ,[::1]:2", "*"}) EXPECT_EQ(host_names_fault(list), "") << list;
    for (const std::string_view list : {"http://a", "a,,b", "a b", "a@b", "a:x", "[::1", "*.example"})
        EXPECT_NE(host_names_fault(list), "") << list;
}

} // namespace
} // namespace analytics::runtime
