/* Signals in this very process, and in a child where they are deadly. */
#include "../../../runtime/signals.hpp"

#include <chrono>
#include <csignal>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace analytics::runtime {
namespace {

void await_stop(const Signals &signals)
{
    while (!signals.token().stop_requested()) std::this_thread::yield();
}

class SignalTest : public testing::TestWithParam<int> {};

TEST_P(SignalTest, TheFirstAsksForAStop)
{
    const Signals signals;
    EXPECT_FALSE(signals.token().stop_requested());
    kill(getpid(), GetParam());
    await_stop(signals);
    EXPECT_TRUE(signals.token().stop_requested());
}

TEST_P(SignalTest, TheSecondLeavesAtOnce)
{
    const pid_t child = fork();
    if (child == 0) {
        const Signals signals;
        kill(getpid(), GetParam());
        await_stop(signals);
        kill(getpid(), GetParam());
        for (;;) pause(); // a daemon that hangs
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 1);
}

INSTANTIATE_TEST_SUITE_P(Stop, SignalTest, testing::Values(SIGTERM, SIGINT),
                         [](const auto &info) { return info.param == SIGTERM ? "SIGTERM" : "SIGINT"; });

TEST(SignalsTest, APeerThatWentAwayIsNoDeath)
{
    const Signals signals;
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    close(ends[0]);
    EXPECT_EQ(write(ends[1], "x", 1), -1);
    EXPECT_EQ(errno, EPIPE);
    close(ends[1]);
}

TEST(SignalsTest, EndWithoutASignal)
{
    {
        const Signals signals;
    }
    const Signals again;
    EXPECT_FALSE(again.token().stop_requested());
}

TEST(SignalsTest, CallbacksHearOfTheStop)
{
    const Signals signals;
    std::atomic<bool> heard = false;
    const std::stop_callback callback(signals.token(), [&] {
        heard = true;
        heard.notify_all();
    });
    kill(getpid(), SIGTERM);
    heard.wait(false);
    EXPECT_TRUE(heard);
}

} // namespace
} // namespace analytics::runtime
