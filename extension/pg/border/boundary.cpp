#include "boundary.hpp"

extern "C" {
#include "mb/pg_wchar.h"
}

#include <cstring>

namespace analytics::pg {

void CaughtError::raise() const
{
    // A message that did not fit must not end within a character: no client could read it.
    const auto size = static_cast<int>(std::strlen(message_));
    const int whole = pg_mbcliplen(message_, size, size);
    ereport(ERROR, (errcode(sqlstate_), errmsg_internal("%.*s", whole, message_)));
    pg_unreachable();
}

} // namespace analytics::pg
