/* Counts the calls of operator new in the test program, to test limits of memory. */
#pragma once

#include <cstddef>

namespace analytics::core {

/** Calls of operator new since the program started. */
std::size_t allocations() noexcept;

/** Bytes that operator new has handed out and not got back. */
std::size_t allocated_bytes() noexcept;

} // namespace analytics::core
