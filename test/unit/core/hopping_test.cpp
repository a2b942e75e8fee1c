/* Hopping windows against their definition: an event lies in every [k * hop, k * hop + size) that holds it. */
#include "../../../extension/core/hopping.hpp"

#include "seed.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace analytics::core {
namespace {

using Answer = std::map<std::pair<Instant, Instant>, std::int64_t>; // window → events

Answer windows_of(const std::vector<Instant> &events, Instant start, Instant end, std::int64_t size, std::int64_t hop)
{
    const Hopping hopping{start, end, size, hop};
    WindowCounter counter{hopping.bounds(), CountFrom::events};
    for_each_run(counter.decide(), [&](std::span<const Slice> run) {
        for (const Instant event : events)
            if (event >= run.front().start && event < run.back().end) counter.add_event(run, event, "t");
    });
    counter.finish();
    SlidingSum sum{counter};
    Answer answer;
    for (const Hopping::Window &window : hopping.windows())
        if (const auto &counts = sum.slide(window.first_piece, window.end_piece); !counts.empty() && counts[0] != 0)
            answer[{window.start, window.end}] = counts[0];
    return answer;
}

Answer oracle(const std::vector<Instant> &events, Instant start, Instant end, std::int64_t size, std::int64_t hop)
{
    Answer answer;
    for (const Instant event : events)
        if (event >= start && event < end)
            for (std::int64_t k = -2'000; k <= 2'000; ++k)
                if (k * hop <= event && event < k * hop + size) ++answer[{k * hop, k * hop + size}];
    return answer;
}

TEST(Hopping, AgreesWithItsDefinition)
{
    std::mt19937_64 random = seeded();
    std::uniform_int_distribution<std::int64_t> length(1, 60);
    std::uniform_int_distribution<Instant> any(-1'000, 1'000);
    for (int round = 0; round < 500; ++round) {
        std::vector<Instant> events(50);
        for (Instant &event : events) event = any(random);
        const Instant start = any(random);
        const Instant end = start + any(random) / 2;
        const std::int64_t size = length(random);
        const std::int64_t hop = round % 5 == 0 ? size : length(random);
        ASSERT_EQ(windows_of(events, start, end, size, hop), oracle(events, start, end, size, hop))
            << "[" << start << ", " << end << ") size " << size << " hop " << hop;
        ASSERT_EQ(Hopping::windows_in(start, end, size, hop),
                  static_cast<std::int64_t>(Hopping(start, end, size, hop).windows().size()));
    }
}

TEST(Hopping, AnEmptyRangeMeetsNoWindow)
{
    EXPECT_EQ(Hopping::windows_in(5, 5, 10, 10), 0);
    EXPECT_TRUE(Hopping(5, 4, 10, 10).windows().empty());
}

TEST(Hopping, ARangeInAGapMeetsNoWindow)
{
    EXPECT_EQ(Hopping::windows_in(5, 9, 2, 10), 0);
    EXPECT_EQ(Hopping::windows_in(1, 11, 2, 10), 2);
}

} // namespace
} // namespace analytics::core
