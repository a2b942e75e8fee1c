#include "allocations.hpp"

#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>

namespace analytics::core {

namespace {

std::atomic<std::size_t> calls = 0;
std::atomic<std::size_t> bytes = 0;

} // namespace

std::size_t allocations() noexcept
{
    return calls;
}

std::size_t allocated_bytes() noexcept
{
    return bytes;
}

} // namespace analytics::core

/* Every form whose memory may come to the plain operator delete, or a sanitizer sees two allocators at odds. */

void *operator new(std::size_t size, const std::nothrow_t & /*tag*/) noexcept
{
    void *const block = std::malloc(size == 0 ? 1 : size);
    if (block == nullptr) return nullptr;
    ++analytics::core::calls;
    analytics::core::bytes += malloc_usable_size(block);
    return block;
}

void *operator new(std::size_t size)
{
    void *const block = operator new(size, std::nothrow);
    if (block == nullptr) throw std::bad_alloc();
    return block;
}

void operator delete(void *block) noexcept
{
    if (block != nullptr) analytics::core::bytes -= malloc_usable_size(block);
    std::free(block);
}

void operator delete(void *block, std::size_t /*size*/) noexcept
{
    operator delete(block);
}
