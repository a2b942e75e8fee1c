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

/** Runs body. Null: what it did stays. Else the error that undid it, in the memory context that is current. What body
 * registered with an SPI connection that was open before, and memory outside of the subtransaction's, is the caller's
 * to put right. */
template <class Body> ErrorData *attempt(Body body)
{
    static_assert(std::is_trivially_destructible_v<Body>, "capture by reference only");
    const MemoryContext context = CurrentMemoryContext;
    const ResourceOwner owner = CurrentResourceOwner;
    ErrorData *volatile error = nullptr;

    BeginInternalSubTransaction(nullptr);
    MemoryContextSwitchTo(context);
    PG_TRY();
    {
        body();
        ReleaseCurrentSubTransaction();
    }
    PG_CATCH();
    {
        MemoryContextSwitchTo(context);
        error = CopyErrorData();
        FlushErrorState();
        RollbackAndReleaseCurrentSubTransaction();
    }
    PG_END_TRY();
    MemoryContextSwitchTo(context);
    CurrentResourceOwner = owner;
    return error;
}

/** Whether an error that came while rows were stored is one row's own doing: a constraint, a trigger that raises, a
 * policy, a value that an index can't take. All else (a sick server, a missing grant, a fault in a definition) would
 * come with any row. */
bool is_of_a_row(const ErrorData &error) noexcept;

} // namespace analytics::pg
