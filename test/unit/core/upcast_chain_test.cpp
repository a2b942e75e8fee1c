/* Which upcast takes a payload of a type and version: compared with looking at every step. */
#include "../../../extension/core/upcast_chain.hpp"
#include "seed.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace analytics::core {
namespace {

TEST(UpcastChain, EmptyKnowsNothing)
{
    const UpcastChain chain;
    EXPECT_FALSE(chain.knows(""));
    EXPECT_EQ(chain.find("order", 1), 0U);
}

TEST(UpcastChain, FindsWhatASearchThroughAllFinds)
{
    std::mt19937_64 random = seeded();
    const char *const types[] = {"", "a", "a.b", "b", "order", "order.placed", "z"};
    for (int round = 0; round < 200; ++round) {
        std::vector<UpcastStep> steps;
        for (const char *const type : types)
            for (Version version = 1; version < 5; ++version)
                if (random() % 3 == 0) steps.push_back({type, version, type + std::to_string(version)});
        std::shuffle(steps.begin(), steps.end(), random);
        const UpcastChain chain(steps);
        for (const char *const type : types) {
            const auto is_of_type = [type](const UpcastStep &step) { return step.event_type == type; };
            EXPECT_EQ(chain.knows(type), std::any_of(steps.begin(), steps.end(), is_of_type));
            for (Version version = 0; version < 6; ++version) {
                const bool is_there = std::any_of(steps.begin(), steps.end(), [&](const UpcastStep &step) {
                    return is_of_type(step) && step.version == version;
                });
                const std::size_t found = chain.find(type, version);
                ASSERT_EQ(found < steps.size(), is_there);
                if (is_there) EXPECT_EQ(chain.steps()[found].function, type + std::to_string(version));
            }
        }
    }
}

} // namespace
} // namespace analytics::core
