/* What a daemon has used for large things goes back to the system. */
#pragma once

namespace analytics::runtime {

/** Blocks of half a MiB and more, batches, answers and libpq's copies of them, are the kernel's again as soon as they
 * are freed: glibc would raise that bound with each such block, and keep them, in pieces, between small ones. To be called
 * before there is a second thread. */
void give_back_large_blocks() noexcept;

} // namespace analytics::runtime
