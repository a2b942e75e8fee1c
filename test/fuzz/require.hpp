/* Ends the program when an input breaks a promise: that is what a fuzzer looks for. */
#pragma once

#include <cstdio>
#include <cstdlib>

namespace analytics::core {

inline void require(bool holds, const char *promise)
{
    if (holds) return;
    std::fprintf(stderr, "broken: %s\n", promise);
    std::abort();
}

} // namespace analytics::core
