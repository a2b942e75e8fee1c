/* The first time is admitted whatever the clock says: it may have begun just now. */
#include "../../../runtime/throttle.hpp"

#include <gtest/gtest.h>

namespace analytics::runtime {
namespace {

using namespace std::chrono_literals;

constexpr Throttle::Time boot{};

TEST(Throttle, TheFirstTimeIsAdmittedOnAMachineThatHasJustBooted)
{
    EXPECT_TRUE(Throttle(15min).admits(boot));
    EXPECT_TRUE(Throttle(15min).admits(boot + 1ns));
}

TEST(Throttle, TheNextTimeIsAnIntervalLater)
{
    Throttle throttle(10s);
    ASSERT_TRUE(throttle.admits(boot + 1s));
    EXPECT_FALSE(throttle.admits(boot + 1s));
    EXPECT_FALSE(throttle.admits(boot + 10s));
    EXPECT_TRUE(throttle.admits(boot + 11s));
}

TEST(Throttle, TheIntervalCountsFromTheLastTimeThatWasAdmitted)
{
    Throttle throttle(10s);
    ASSERT_TRUE(throttle.admits(boot));
    ASSERT_FALSE(throttle.admits(boot + 9s));
    EXPECT_TRUE(throttle.admits(boot + 10s));
}

} // namespace
} // namespace analytics::runtime
