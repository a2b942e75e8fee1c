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

void *operator new(std::size_t size)
{
    void *const block = std::malloc(size == 0 ? 1 : size);
    if (block == nullptr) throw std::bad_alloc();
    ++analytics::core::calls;
    analytics::core::bytes += malloc_usable_size(block);
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
