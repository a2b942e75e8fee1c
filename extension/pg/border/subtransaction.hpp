/* A subtransaction around a PostgreSQL phase that may fail alone. This is the only place that swallows an error: what
 * the failed phase did is undone first. */
#pragma once

#include "postgres.hpp"

extern "C" {
#include "access/xact.h"
#include "utils/resowner.h"
}

#include <type_traits>

namespace analytics::pg {

/** Runs the body in a subtransaction and in a memory context of its own, which is deleted afterwards. Returns null when
 * it succeeded, or else the error, in the memory context that is current. After an error the caller must repair what
 * the body wrote to other memory. */
template <class Body> ErrorData *run_in_subtransaction(Body body)
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
