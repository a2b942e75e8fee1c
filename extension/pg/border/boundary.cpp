#include "boundary.hpp"

extern "C" {
#include "mb/pg_wchar.h"
#include "miscadmin.h"
}

#include <cstring>

namespace analytics::pg {

bool is_canceled() noexcept
{
    return QueryCancelPending != 0 || ProcDiePending != 0;
}

void CaughtError::raise() const
{
    if (sqlstate_ == ERRCODE_QUERY_CANCELED) CHECK_FOR_INTERRUPTS(); // PostgreSQL knows who asked, and says it better
    // A message that did not fit must not end within a character: no client could read it.
    const auto size = static_cast<int>(std::strlen(message_));
    const int whole = pg_mbcliplen(message_, size, size);
    ereport(ERROR, (errcode(sqlstate_), errmsg_internal("%.*s", whole, message_)));
    pg_unreachable();
}

} // namespace analytics::pg
