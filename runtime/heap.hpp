/* Large blocks of memory go back to the system when they are freed. */
#pragma once

#include <malloc.h>

namespace analytics::runtime {

/** Frees blocks of half a MiB and more to the kernel: batches, answers and libpq's copies of them. glibc would raise
 * that bound with each such block, and keep the memory in pieces between small blocks. To be called before there is
 * a second thread. */
inline void give_back_large_blocks() noexcept
{
    constexpr int large_block = 512 * 1024;
    mallopt(M_MMAP_THRESHOLD, large_block); // NOLINT(concurrency-mt-unsafe): there is one thread yet
}

} // namespace analytics::runtime
