/* Counts of events: 64 bits, signed, because bags also subtract. Only damaged bags have sums beyond 64 bits. */
#pragma once

#include "error.hpp"

#include <cstdint>

namespace analytics::core {

/** Throws Corrupt beyond 64 bits. */
inline std::int64_t sum_of(std::int64_t a, std::int64_t b)
{
    std::int64_t sum = 0;
    if (__builtin_add_overflow(a, b, &sum)) throw Corrupt("number of events exceeds 64 bits");
    return sum;
}

/** Throws Corrupt beyond 64 bits. */
inline std::int64_t difference_of(std::int64_t a, std::int64_t b)
{
    std::int64_t difference = 0;
    if (__builtin_sub_overflow(a, b, &difference)) throw Corrupt("number of events exceeds 64 bits");
    return difference;
}

} // namespace analytics::core
