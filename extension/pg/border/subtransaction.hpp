/* A subtransaction around a PostgreSQL phase that may fail without costing the rest: the one place where an error is
 * swallowed, for only what it has undone may be forgotten. */
#pragma once

#include "postgres.hpp"

extern "C" {
#include "access/xact.h"
#include "utils/resowner.h"
}

#include <type_traits>

namespace analytics::pg {

/** Runs body in a memory context of its own, which is gone afterwards, whatever came of it: an attempt that fails leaves
 * nothing behind. Null: what it did stays. Else the error that undid it, in the memory context that is current. What
 * body wrote elsewhere is the caller's to put right. */
template <class Body> ErrorData *attempt(Body body)
{
    static_assert(std::is_trivially_destructible_v<Body>, "capture by reference only");
    const MemoryContext outer = CurrentMemoryContext;
    const MemoryContext inner = AllocSetContextCreate(outer, "analytics subtransaction", ALLOCSET_DEFAULT_SIZES);
    const ResourceOwner owner = CurrentResourceOwner;
    ErrorData *volatile error = nullptr;

    BeginInternalSubTransaction(nullptr);
    MemoryContextSwitchTo(inner);
    PG_TRY();
    {
        body();
        ReleaseCurrentSubTransaction();
    }
    PG_CATCH();
    {
        MemoryContextSwitchTo(outer);
        error = CopyErrorData();
        FlushErrorState();
        RollbackAndReleaseCurrentSubTransaction();
    }
    PG_END_TRY();
    MemoryContextSwitchTo(outer);
    CurrentResourceOwner = owner;
    MemoryContextDelete(inner);
    return error;
}

} // namespace analytics::pg
