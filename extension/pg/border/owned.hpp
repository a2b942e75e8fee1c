/* C++ objects that a memory context owns. PostgreSQL phases need C++ objects to live on from one guarded phase to the
 * next, yet may leave by longjmp at any call: so such an object is never on the stack. It is made in a memory context,
 * whose reset or deletion (at the end of the statement, or of the transaction that failed) runs the destructor. */
#pragma once

#include "boundary.hpp"

#include <utility>

namespace analytics::pg {

/** Makes a T that lives until the context is reset or deleted. PostgreSQL phase: may ereport. */
template <class T, class... Args> T *make_owned(MemoryContext context, Args &&...args)
{
    static_assert(alignof(T) <= MAXIMUM_ALIGNOF);
    struct Cell {
        MemoryContextCallback callback;
        alignas(T) unsigned char storage[sizeof(T)];
    };
    auto *const cell = static_cast<Cell *>(MemoryContextAlloc(context, sizeof(Cell)));
    T *const object =
        guarded([&] { return ::new (static_cast<void *>(cell->storage)) T(std::forward<Args>(args)...); });
    cell->callback = {};
    cell->callback.func = [](void *argument) { static_cast<T *>(argument)->~T(); };
    cell->callback.arg = object;
    MemoryContextRegisterResetCallback(context, &cell->callback);
    return object;
}

} // namespace analytics::pg
