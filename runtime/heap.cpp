#include "heap.hpp"

#include <malloc.h>

namespace analytics::runtime {

namespace {

constexpr int large_block = 512 * 1024;

} // namespace

void give_back_large_blocks() noexcept
{
    mallopt(M_MMAP_THRESHOLD, large_block); // NOLINT(concurrency-mt-unsafe): there is one thread yet
}

} // namespace analytics::runtime
