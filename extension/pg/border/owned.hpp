/* C++ objects that a memory context owns. Some C++ objects must live from one guarded phase to the next, but a
 * PostgreSQL phase between them may leave by longjmp at any call. So such an object is never on the stack. It is made
 * in a memory context, and its destructor runs when the context is reset or deleted: at the end of the statement, or of
 * the transaction that failed. */
#pragma once

#include "boundary.hpp"

#include <utility>

namespace analytics::pg {

/** Makes a T that lives until the context is reset or deleted. PostgreSQL phase: may ereport. */
template <class T, class... Args> T *make_owned(MemoryContext context, Args &&...args)
{
    static_assert(alignof(T) <= MAXIMUM_ALIGNOF);
    struct Block {
        MemoryContextCallback callback;
        alignas(T) unsigned char storage[sizeof(T)];
    };
    auto *const block = static_cast<Block *>(MemoryContextAlloc(context, sizeof(Block)));
    T *const object =
        guarded([&] { return ::new (static_cast<void *>(block->storage)) T(std::forward<Args>(args)...); });
    block->callback = {};
    block->callback.func = [](void *argument) { static_cast<T *>(argument)->~T(); };
    block->callback.arg = object;
    MemoryContextRegisterResetCallback(context, &block->callback);
    return object;
}

} // namespace analytics::pg
