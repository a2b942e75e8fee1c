/* Random input that can be repeated: the seed is GoogleTest's, and is printed. */
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>
#include <random>

namespace analytics::core {

inline std::mt19937_64 seeded()
{
    const int seed = testing::UnitTest::GetInstance()->random_seed();
    std::printf("repeat with --gtest_random_seed=%d\n", seed);
    return std::mt19937_64(static_cast<std::uint64_t>(seed));
}

} // namespace analytics::core
