/* Each wait lies in the upper half of a bound that doubles up to its cap. */
#include "../../../ingestor/backoff.hpp"

#include <gtest/gtest.h>
#include <random>
#include <set>

namespace analytics::ingestor {
namespace {

using std::chrono::milliseconds;

TEST(BackoffTest, StaysWithinItsBounds)
{
    const auto seed = std::random_device()();
    SCOPED_TRACE("seed " + std::to_string(seed));
    for (std::uint64_t round = 0; round < 200; ++round) {
        Backoff backoff(milliseconds(100), milliseconds(1'000), seed + round);
        for (const int bound : {100, 200, 400, 800, 1'000, 1'000, 1'000}) {
            const milliseconds wait = backoff.next();
            ASSERT_GE(wait, milliseconds(bound / 2));
            ASSERT_LE(wait, milliseconds(bound));
        }
    }
}

TEST(BackoffTest, ResetStartsFromTheFirst)
{
    Backoff backoff(milliseconds(100), milliseconds(1'000), 1);
    for (int i = 0; i < 10; ++i) (void)backoff.next();
    EXPECT_EQ(backoff.attempts(), 10U);
    backoff.reset();
    EXPECT_EQ(backoff.attempts(), 0U);
    EXPECT_LE(backoff.next(), milliseconds(100));
}

TEST(BackoffTest, NeverOverflows)
{
    Backoff backoff(milliseconds(1), milliseconds(5'000), 1);
    for (int i = 0; i < 100'000; ++i) ASSERT_LE(backoff.next(), milliseconds(5'000));
}

TEST(BackoffTest, ACapBelowTheFirstHolds)
{
    Backoff backoff(milliseconds(100), milliseconds(10), 1);
    for (int i = 0; i < 10; ++i) ASSERT_LE(backoff.next(), milliseconds(10));
}

TEST(BackoffTest, DifferentSeedsWaitDifferently)
{
    std::set<milliseconds> waits;
    for (std::uint64_t seed = 1; seed <= 50; ++seed)
        waits.insert(Backoff(milliseconds(5'000), milliseconds(5'000), seed * 7'919).next());
    EXPECT_GT(waits.size(), 10U);
}

} // namespace
} // namespace analytics::ingestor
